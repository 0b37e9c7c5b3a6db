"""Check what is examined before a start: what the settings say of vendors, and their ports."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from cluster.local import launch, ports
from cluster.local.launch import ChosenStack
from cluster.local.paths import stack_paths
from cluster.local.ports import PortPlan
from cluster.settings import Settings
from cluster.venues import live_vendors
from core.errors import StackError


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ChosenStack:
    monkeypatch.setattr(launch, "_checks", lambda _: [])
    monkeypatch.setattr(ports, "taken_ports", lambda _: [])
    paths = stack_paths(tmp_path, Path("/short"))
    return ChosenStack(settings=Settings(), paths=paths, port=8700)


def with_variables(chosen: ChosenStack, **variables: str) -> ChosenStack:
    given: dict[str, Any] = variables
    return replace(chosen, settings=Settings(vendor_variables=given))


def test_all_is_well_without_credentials(chosen: ChosenStack) -> None:
    findings = launch.examine(chosen)
    assert [finding.check for finding in findings] == ["vendors", "sandbox ports"]
    assert all(finding.passed for finding in findings)


def test_half_of_the_credentials_is_found(chosen: ChosenStack) -> None:
    half = with_variables(chosen, cme_api_id="u")
    finding = launch.examine(half)[0]
    assert not finding.passed
    assert finding.detail.startswith("HELIOSTAT_CME_PASSWORD: ")


def test_only_ports_of_sandboxes_that_run_are_asked_for(
    chosen: ChosenStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(ports, "taken_ports", lambda wanted: asked.extend(wanted) or [])
    given = with_variables(chosen, cme_api_id="u", cme_password="p")
    assert all(finding.passed for finding in launch.examine(given))
    assert asked == list(live_vendors(given.settings).sandbox_ports(PortPlan(8700)))
    everything = set(live_vendors(chosen.settings).sandbox_ports(PortPlan(8700)))
    assert everything - set(asked) == {PortPlan(8700).sandbox(0)}


def test_a_start_refuses_half_of_the_credentials_before_anything_runs(
    chosen: ChosenStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spawn(*_: object) -> NoReturn:
        pytest.fail("a supervisor was started")

    monkeypatch.setattr(launch, "_spawn", spawn)
    monkeypatch.setattr(launch.reaper, "end_stack", lambda *_: None)
    with pytest.raises(StackError, match="HELIOSTAT_OPENWEATHER_API_KEY"):
        launch.ensure_up(
            with_variables(chosen, openweather_base_url="http://w"),
            lambda _: None,
            foreground=False,
        )
