"""Start, kill and end a second stack beside the first."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cluster.local.credentials import load_or_create
from cluster.local.launch import current
from cluster.local.ports import PortPlan
from cluster.local.reaper import stack_processes
from cluster.local.state import StackState
from cluster.venues import live_vendors
from tests.on_ray.conftest import HELIOSTAT, ROOT, Stack, make_stack, wait_for

pytestmark = [pytest.mark.ray, pytest.mark.timeout(800)]  # two stacks, started in it

RUN = {"products": ["CL"], "choose": 4, "of": 16, "depth": 3, "starts": 6, "seed": 5}


@pytest.fixture(scope="module")
def second(stack: Stack) -> Iterator[Stack]:
    yield from make_stack(stack.port + 100)


def processes(stack: Stack) -> list[psutil.Process]:
    return stack_processes(stack.chosen.paths.stack_id)


def lasting(stack: Stack) -> set[int]:
    """Return what lives as long as the stack: its services and actors, no idle worker of Ray."""
    state = current(stack.chosen)
    assert state is not None
    actors = ("ray::MarketActor", "ray::FeedActor", "ray::RunManager", "ray::Keeper")
    kept = {state.supervisor_pid, *state.services.values()}
    for process in processes(stack):
        with contextlib.suppress(psutil.NoSuchProcess):
            if " ".join(process.cmdline()).startswith(actors):
                kept.add(process.pid)
    return kept


def services(stack: Stack) -> dict[str, int]:
    state = current(stack.chosen)
    assert state is not None
    return dict(state.services)


def weather_port(stack: Stack) -> int:
    return live_vendors(stack.chosen.settings).weather.sandbox.port(PortPlan(stack.port))


def kill_all(stack: Stack) -> None:
    for process in processes(stack):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def test_what_the_vault_keeps_of_a_vendor_waits_for_the_next_start(
    stack: Stack, second: Stack
) -> None:
    """The weather of one stack's sandbox is, to the other, a vendor that it has a key for."""
    address = f"http://127.0.0.1:{weather_port(stack)}"
    key = load_or_create(stack.chosen.paths.credentials).sandbox_password
    words = ("vault", "put", "openweather", "api_key", "base_url", "--json")
    short = second.run(*words, given=f"{key}\n")
    assert (short.returncode, "expected 2 lines" in short.stderr) == (2, True)
    put = second.run(*words, given=f"{key}\n{address}\n")
    assert json.loads(put.stdout)["used"], put.stderr
    listed = second.run("vault", "list")
    assert "openweather" in listed.stdout
    assert key not in put.stdout + put.stderr + listed.stdout
    assert "OpenWeather sandbox" in services(second)


def test_a_run_survives_the_kill_of_every_process(stack: Stack, second: Stack) -> None:
    first_before = lasting(stack)
    assert len(first_before) > 4
    with second.client() as client:
        reference = client.optimize(fresh=True, **RUN)
        run = client.submit(fresh=True, **RUN)
        wait_for(lambda: any(event.kind == "progress" for event in client.watch(run.run_id)))
    kill_all(second)
    wait_for(lambda: not processes(second))
    assert second.run("up", "--no-job").returncode == 0
    with second.client() as client:
        again = wait_for(
            lambda: (found := client.run(run.run_id)).status == "succeeded" and found, 120
        )
    assert again.result["chosen"] == reference.result["chosen"]
    assert again.result["objective"] == reference.result["objective"]
    assert again.result["gammas"] == reference.result["gammas"]
    assert lasting(stack) == first_before
    assert "OpenWeather sandbox" not in services(second)
    with second.client() as client:
        wait_for(lambda: "openweather" in {one.source for one in client.weather_stations()}, 60)


def test_a_dead_actor_comes_back_with_its_state(second: Stack) -> None:
    with second.client() as client:
        before = client.curve("CL")
        for process in processes(second):
            with contextlib.suppress(psutil.NoSuchProcess):
                if " ".join(process.cmdline()).startswith("ray::MarketActor"):
                    process.kill()
        wait_for(lambda: _live_version(second) is not None)
        after = client.curve("CL")
    assert [point.contract for point in after.points] == [point.contract for point in before.points]
    assert [point.settlement for point in after.points] == [
        point.settlement for point in before.points
    ]
    assert after.version > before.version


def _live_version(stack: Stack) -> int | None:
    from heliostat import HeliostatError

    with stack.client() as client:
        try:
            curve = client.curve("CL")
        except HeliostatError:
            return None
    return curve.version if curve.live else None


def test_down_ends_this_stack_and_no_other(stack: Stack, second: Stack) -> None:
    others = lasting(stack)
    assert second.run("down").returncode == 0
    assert processes(second) == []
    assert not second.chosen.paths.runtime.exists()
    assert lasting(stack) >= others
    assert second.run("status").returncode == 3
    with stack.client() as client:
        assert client.health().status == "ok"


def test_a_taken_port_is_one_clear_line(stack: Stack, tmp_path: Path) -> None:
    other = Stack(tmp_path / "other", stack.port)
    refused = other.run("up", "--no-job")
    assert refused.returncode == 3
    assert len(refused.stderr.strip().splitlines()) == 1
    assert f"Ports {stack.port}, " in refused.stderr
    assert "--port" in refused.stderr


def _started(stack: Stack) -> StackState | None:
    state = current(stack.chosen)
    return state if state is not None and len(state.services) >= 3 else None


def test_a_crash_of_the_supervisor_leaves_nothing(second: Stack) -> None:
    command = subprocess.Popen(
        [HELIOSTAT, "up", "--no-job"],
        cwd=ROOT,
        env=second.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    state = wait_for(lambda: _started(second))
    os.kill(state.supervisor_pid, signal.SIGKILL)
    wait_for(lambda: not [p for p in processes(second) if p.pid != command.pid])
    assert command.wait(timeout=60) == 3


def test_control_c_ends_a_stack_in_the_foreground(second: Stack) -> None:
    command = subprocess.Popen(
        ["env", "--default-signal=INT", HELIOSTAT, "up", "--no-job", "--foreground"],
        cwd=ROOT,
        env=second.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: _started(second))
    os.killpg(command.pid, signal.SIGINT)
    command.wait(timeout=60)
    assert processes(second) == []
