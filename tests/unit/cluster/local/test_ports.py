"""Check that every listener of a stack has a port of its own."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.local import ports
from cluster.local.ports import MAX_SANDBOXES, PORTS_PER_STACK, PortPlan, require_free
from core.errors import StackError

RANGES = ("replicas_http", "replicas_grpc")
SINGLE = [
    name
    for name, member in vars(PortPlan).items()
    if isinstance(member, property) and name not in RANGES
]


def all_ports(plan: PortPlan) -> list[int]:
    listed = [plan.api, *(getattr(plan, name) for name in SINGLE)]
    for name in RANGES:
        low, high = getattr(plan, name)
        listed.extend(range(low, high + 1))
    for number in range(MAX_SANDBOXES):
        listed.extend((plan.sandbox(number), plan.sandbox(number) + 1))
    return listed


@given(st.integers(1024, 65_000))
def test_no_port_is_used_twice_and_all_exist(base: int) -> None:
    listed = all_ports(PortPlan(base))
    assert len(set(listed)) == len(listed)
    assert min(listed) == base
    assert max(listed) < base + PORTS_PER_STACK <= 65_536


def test_stacks_a_hundred_apart_do_not_meet() -> None:
    assert not set(all_ports(PortPlan(8700))) & set(all_ports(PortPlan(8800)))


def test_every_single_port_must_be_free_at_the_start() -> None:
    plan = PortPlan(8700)
    assert sorted(plan.needed_at_start()) == sorted(
        [plan.api, *(getattr(plan, name) for name in SINGLE)]
    )


def test_a_sandbox_too_many_is_refused() -> None:
    with pytest.raises(StackError, match=f"holds {MAX_SANDBOXES} sandboxes"):
        PortPlan(8700).sandbox(MAX_SANDBOXES)


def test_free_ports_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "taken_ports", lambda _: [])
    require_free(PortPlan(8700), [8760])


@pytest.mark.parametrize(
    ("taken", "problem"),
    [([8700], "Port 8700 is taken."), ([8702, 8710], "Ports 8702, 8710 are taken.")],
)
def test_a_taken_port_is_one_clear_line(
    taken: list[int], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def probe(wanted: Iterable[int]) -> list[int]:
        asked.extend(wanted)
        return taken

    monkeypatch.setattr(ports, "taken_ports", probe)
    with pytest.raises(StackError) as caught:
        require_free(PortPlan(8700), [8762, 8763])
    assert asked == [8762, 8763]
    assert caught.value.detail == (
        f"{problem} Start with another base port, for example --port 8800."
    )
