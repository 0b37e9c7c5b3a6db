"""Check the state file, and that a dead supervisor is not taken for a live one."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from cluster.local.state import StackState, StackStatus, Step, read_state, write_state

STATE = StackState(
    stack_id="0123456789",
    status=StackStatus.STARTING,
    port=8700,
    supervisor_pid=os.getpid(),
    supervisor_created=psutil.Process().create_time(),
    steps=(Step(name="PostgreSQL", elapsed_s=0.4, detail="18.4"), Step(name="Ray")),
    services={"PostgreSQL": 41, "Ray": 42},
)


@pytest.mark.parametrize("status", list(StackStatus))
def test_it_is_read_back(status: StackStatus, tmp_path: Path) -> None:
    state = replace(STATE, status=status, elapsed_s=3.5, problem="No room.", remedy="Make some.")
    path = tmp_path / "stack.json"
    write_state(path, state)
    assert read_state(path) == state
    assert path.stat().st_mode & 0o777 == 0o600


def test_before_the_first_start_there_is_none(tmp_path: Path) -> None:
    assert read_state(tmp_path / "stack.json") is None


def test_a_step_is_added_then_replaced_in_its_place() -> None:
    added = STATE.with_step(Step(name="actors"))
    assert [step.name for step in added.steps] == ["PostgreSQL", "Ray", "actors"]
    done = added.with_step(Step(name="Ray", elapsed_s=2.0))
    assert [(step.name, step.elapsed_s) for step in done.steps] == [
        ("PostgreSQL", 0.4),
        ("Ray", 2.0),
        ("actors", None),
    ]
    assert done.with_step(Step(name="Ray", elapsed_s=2.0)) == done


def test_this_process_is_alive() -> None:
    assert STATE.supervisor_alive
    assert STATE.address == "http://localhost:8700"


def test_a_reused_process_id_is_somebody_else() -> None:
    assert not replace(STATE, supervisor_created=STATE.supervisor_created - 60).supervisor_alive


def test_a_supervisor_that_ended_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    created = psutil.Process(child.pid).create_time()
    state = replace(STATE, supervisor_pid=child.pid, supervisor_created=created)
    lives = [state.supervisor_alive]
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    lives.append(state.supervisor_alive)
    child.communicate()
    lives.append(state.supervisor_alive)
    assert lives == [True, False, False], "alive, then a zombie, then gone"
