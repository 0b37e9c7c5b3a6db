"""Check with real processes that a stack's are found and ended, and nobody else's."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from cluster.local.reaper import MARKER, end_stack, stack_processes

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[3]
LIMIT_S = 20.0
# Whatever a test forgets ends by itself.
WAIT = "import signal; signal.alarm(120); print('ready', flush=True); signal.pause()"
PARENT_OF_A_FORGETFUL_CHILD = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {WAIT!r}], env={{}}, start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""
NAMED_POSTGRES = f"""
import ctypes, signal, sys
ctypes.CDLL(None).prctl(15, b"postgres", 0, 0, 0)
signal.signal(signal.SIGINT, lambda *_: sys.exit(5))
{WAIT}
"""
FORGETS_ITS_ENVIRONMENT = f"""
import os, sys
os.execve(sys.executable, [sys.executable, "-c", {WAIT!r}], {{}})
"""

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def stack_id() -> str:
    return uuid4().hex[:10]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start Python code, marked as a stack's or not, and wait for its first line."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(
        code: str = WAIT, *, marker: str | None = None, session: bool = False
    ) -> "subprocess.Popen[bytes]":
        environment = {} if marker is None else {MARKER: marker}
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment,
            stdout=subprocess.PIPE,
            start_new_session=session,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def found(stack_id: str, **options: list[int]) -> set[int]:
    return {process.pid for process in stack_processes(stack_id, **options)}


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_exactly_the_marked_are_found_and_ended(start: Start, stack_id: str) -> None:
    marked = [start(marker=stack_id), start(marker=stack_id, session=True)]
    others = [
        start(),
        start(session=True),
        start(marker=f"{stack_id}0"),
        start(marker=stack_id[:-1]),
        start(marker=uuid4().hex[:10]),
    ]
    assert found(stack_id) == {process.pid for process in marked}
    assert end_stack(stack_id) == 2
    assert [process.wait(LIMIT_S) for process in marked] == [-signal.SIGKILL] * 2
    assert [process.poll() for process in others] == [None] * len(others)
    assert found(stack_id) == set()
    assert end_stack(stack_id) == 0


def test_a_marker_among_other_words_is_no_marker(start: Start, stack_id: str) -> None:
    mentioned = start(f"'{MARKER}={stack_id}'; {WAIT}", marker=f"x {MARKER}={stack_id}")
    assert found(stack_id) == set()
    assert mentioned.poll() is None


def test_a_child_that_lost_the_marker_is_found_through_its_parent(
    start: Start, stack_id: str
) -> None:
    parent = start(PARENT_OF_A_FORGETFUL_CHILD, marker=stack_id)
    (child,) = psutil.Process(parent.pid).children()
    assert found(stack_id) == {parent.pid, child.pid}
    assert end_stack(stack_id) == 2
    wait_until(lambda: is_gone(child.pid))


def test_an_orphan_that_lost_the_marker_is_found_by_its_session(
    start: Start, stack_id: str
) -> None:
    forgetful = start(FORGETS_ITS_ENVIRONMENT, marker=stack_id, session=True)
    sibling = start(session=True)
    assert found(stack_id) == set()
    assert found(stack_id, sessions=[forgetful.pid]) == {forgetful.pid}
    assert end_stack(stack_id, sessions=[forgetful.pid]) == 1
    assert forgetful.wait(LIMIT_S) == -signal.SIGKILL
    assert sibling.poll() is None


def test_what_is_spared_stays(start: Start, stack_id: str) -> None:
    spared, other = start(marker=stack_id), start(marker=stack_id)
    assert found(stack_id, spare=[spared.pid]) == {other.pid}
    assert end_stack(stack_id, spare=[spared.pid]) == 1
    assert spared.poll() is None


def test_the_caller_and_its_parents_are_never_found(stack_id: str) -> None:
    code = (
        "import os; from cluster.local.reaper import stack_processes as s;"
        f"print([p.pid for p in s({stack_id!r}, sessions=[os.getsid(0)])])"
    )
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    done = subprocess.run(
        [sys.executable, "-c", inner],
        env={MARKER: stack_id},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
        start_new_session=True,
    )
    assert done.stdout == "[]\n"


def test_a_database_is_asked_to_end_and_not_killed(start: Start, stack_id: str) -> None:
    database = start(NAMED_POSTGRES, marker=stack_id)
    assert end_stack(stack_id) == 1
    assert database.wait(LIMIT_S) == 5


def test_the_watchdog_ends_what_a_supervisor_leaves(start: Start, stack_id: str) -> None:
    marked = start(marker=stack_id, session=True)
    forgetful = start(FORGETS_ITS_ENVIRONMENT, marker=stack_id, session=True)
    other = start(session=True)
    watchdog = subprocess.Popen(
        [sys.executable, "-m", "cluster.local.reaper", "--stack", stack_id],
        stdin=subprocess.PIPE,
        env={MARKER: stack_id},
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        assert watchdog.stdin is not None
        watchdog.stdin.write(f"{forgetful.pid}\n\nnot a session\n".encode())
        watchdog.stdin.flush()
        wait_until(lambda: ignores(watchdog.pid, signal.SIGTERM))
        os.kill(watchdog.pid, signal.SIGTERM)
        assert marked.poll() is None
        watchdog.stdin.close()
        assert watchdog.wait(LIMIT_S) == 0
    finally:
        watchdog.kill()
        watchdog.wait()
    assert marked.wait(LIMIT_S) == -signal.SIGKILL
    assert forgetful.wait(LIMIT_S) == -signal.SIGKILL
    assert other.poll() is None


def ignores(pid: int, number: signal.Signals) -> bool:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (mask,) = (line.split()[1] for line in lines if line.startswith("SigIgn:"))
    return bool(int(mask, 16) >> (number - 1) & 1)
