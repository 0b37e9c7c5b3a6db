"""Check the life of a run: any steps, numbered without holes, and nothing after a final one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.run_life import ALLOWED_TRANSITIONS, Life, Step, advance
from core.runs import RunStatus

FIRST = Life(status=RunStatus.QUEUED, sequence=1)

progress = st.builds(Step, kind=st.just("progress"), who=st.just("a"))
steps_into = st.sampled_from(RunStatus).map(lambda status: Step.into(status, who="a"))
any_steps = st.lists(progress | steps_into, max_size=12)


@st.composite
def ways(draw: st.DrawFn) -> list[Step]:
    """Draw steps that each may follow the one before, with progress and repeats in between."""
    status, steps = RunStatus.QUEUED, []
    for _ in range(draw(st.integers(0, 8))):
        following = sorted({*ALLOWED_TRANSITIONS[status], status})
        status = draw(st.sampled_from(following))
        steps += [Step.into(status, who="a"), *draw(st.lists(progress, max_size=2))]
    return steps


def lead_astray(steps: list[Step]) -> bool:
    """Walk the table of transitions by hand and tell whether a step leads where none may go."""
    status = RunStatus.QUEUED
    for step in steps:
        if status.is_final:
            return False
        if step.to is None or step.to is status:
            continue
        if step.to not in ALLOWED_TRANSITIONS[status]:
            return True
        status = step.to
    return False


@given(any_steps)
def test_any_steps_are_taken_in_order_or_refused_as_a_whole(steps: list[Step]) -> None:
    if lead_astray(steps):
        with pytest.raises(ValueError, match="a run cannot go from"):
            advance(FIRST, steps)
        return
    life, taken = advance(FIRST, steps)
    numbers = [sequence for sequence, _, _ in taken]
    assert numbers == list(range(2, 2 + len(taken)))
    assert life.sequence == 1 + len(taken)
    assert life.status is ([FIRST.status] + [status for _, status, _ in taken])[-1]
    rest = iter(steps)
    assert all(any(step is one for one in rest) for _, _, step in taken)


@given(ways())
def test_steps_may_be_taken_one_by_one_or_together(steps: list[Step]) -> None:
    together = advance(FIRST, steps)
    life, taken = FIRST, []
    for step in steps:
        life, more = advance(life, [step])
        taken += more
    assert (life, taken) == together


@given(ways())
def test_each_status_follows_from_the_one_before(steps: list[Step]) -> None:
    _, taken = advance(FIRST, steps)
    statuses = [FIRST.status, *(status for _, status, _ in taken)]
    for before, after in pairwise(statuses):
        assert before is after or after in ALLOWED_TRANSITIONS[before]


@given(ways(), st.sampled_from(sorted(RunStatus)), any_steps)
def test_nothing_happens_to_a_run_that_is_final(
    steps: list[Step], late: RunStatus, more: list[Step]
) -> None:
    life, _ = advance(FIRST, [*steps, Step.into(RunStatus.FAILED, who="a")])
    assert life.status.is_final
    assert advance(life, [Step.into(late, who="b"), *more]) == (life, [])


@given(ways())
def test_repeating_the_steps_to_a_status_changes_nothing(steps: list[Step]) -> None:
    life, _ = advance(FIRST, steps)
    assert advance(life, [Step.into(life.status, who="b")] * 3) == (life, [])


def test_the_straight_way_is_numbered_and_named_after_its_statuses() -> None:
    way = [RunStatus.PLANNING, RunStatus.RUNNING, RunStatus.SUCCEEDED]
    steps = [Step.into(status, who="a", why="b", detail={"c": 1}) for status in way]
    life, taken = advance(FIRST, [*steps[:2], Step(kind="progress", who="a"), steps[2]])
    assert life == Life(status=RunStatus.SUCCEEDED, sequence=5)
    assert [(sequence, status, step.kind) for sequence, status, step in taken] == [
        (2, RunStatus.PLANNING, "planning"),
        (3, RunStatus.RUNNING, "running"),
        (4, RunStatus.RUNNING, "progress"),
        (5, RunStatus.SUCCEEDED, "succeeded"),
    ]
    assert (steps[0].who, steps[0].why, steps[0].detail) == ("a", "b", {"c": 1})


def test_a_run_never_goes_back_nor_skips_a_status_but_may_always_end_early() -> None:
    order = [RunStatus.QUEUED, RunStatus.PLANNING, RunStatus.RUNNING, RunStatus.SUCCEEDED]
    ends = {RunStatus.FAILED, RunStatus.CANCELLED}
    for status, following in pairwise(order):
        assert ALLOWED_TRANSITIONS[status] == {following} | ends
    for status in {RunStatus.SUCCEEDED} | ends:
        assert ALLOWED_TRANSITIONS[status] == frozenset()
    assert set(ALLOWED_TRANSITIONS) == set(RunStatus)
