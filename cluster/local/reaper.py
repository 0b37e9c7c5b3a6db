"""Own the end of a stack: find every process that belongs to it, and no other, and end it.

Each process of a stack inherits HELIOSTAT_STACK from the supervisor. A program that overwrites
its own environment block is still found as a descendant of one that did not, or by the session
that the supervisor opened for it. Run as a module, this waits until its standard input closes,
which happens however the supervisor dies, and then ends what is left.
"""

import argparse
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

MARKER = "HELIOSTAT_STACK"
_GONE = (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied)


def _marked(process: psutil.Process, needle: bytes) -> bool:
    try:
        blob = Path(f"/proc/{process.pid}/environ").read_bytes()
    except OSError:
        return False
    return needle in blob.split(b"\0")


def _session_of(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except OSError:
        return None


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except _GONE:
        return False


def stack_processes(
    stack_id: str, sessions: Iterable[int] = (), spare: Iterable[int] = ()
) -> list[psutil.Process]:
    """List the live processes of a stack, except the caller, its parents and `spare`.

    `sessions` are session ids that the supervisor opened. Give them only while that supervisor
    is known to have just run: an old number may since have become somebody else's session.
    """
    needle = f"{MARKER}={stack_id}".encode()
    everyone = [process for process in psutil.process_iter() if _alive(process)]
    found = {process.pid: process for process in everyone if _marked(process, needle)}
    for process in list(found.values()):
        with contextlib.suppress(*_GONE):
            found.update({child.pid: child for child in process.children(recursive=True)})
    wanted = set(sessions)
    for process in everyone:
        if process.pid not in found and _session_of(process) in wanted and _is_ours(process):
            found[process.pid] = process
    me = psutil.Process()
    protected = {me.pid, *(parent.pid for parent in me.parents()), *spare}
    return [process for pid, process in found.items() if pid not in protected and _alive(process)]


def _is_ours(process: psutil.Process) -> bool:
    with contextlib.suppress(*_GONE):
        return bool(process.uids().real == os.getuid())
    return False


def end(processes: Iterable[psutil.Process], *, first: signal.Signals, grace_s: float) -> int:
    """Signal the processes, wait up to `grace_s`, kill the rest; return how many there were."""
    listed = list(processes)
    for process in listed:
        with contextlib.suppress(*_GONE):
            process.send_signal(first)
    deadline = time.monotonic() + grace_s
    while time.monotonic() < deadline and any(_alive(process) for process in listed):
        time.sleep(0.02)
    for process in listed:
        if _alive(process):
            with contextlib.suppress(*_GONE):
                process.kill()
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline and any(_alive(process) for process in listed):
        time.sleep(0.02)
    return len(listed)


def end_stack(stack_id: str, sessions: Iterable[int] = (), spare: Iterable[int] = ()) -> int:
    """End every process of a stack: the database by a fast shutdown, the rest by kill.

    Everything but the database keeps its state elsewhere, so killing it loses nothing; killing
    the database too would only make the next start replay its log.
    """
    total = 0
    for _ in range(5):
        listed = stack_processes(stack_id, sessions, spare)
        if not listed:
            return total
        databases = [process for process in listed if _is_postgres(process)]
        others = [process for process in listed if process not in databases]
        total += end(others, first=signal.SIGKILL, grace_s=5.0)
        heads = [process for process in databases if not _has_postgres_parent(process)]
        total += end(heads, first=signal.SIGINT, grace_s=10.0)
    return total


def _is_postgres(process: psutil.Process) -> bool:
    with contextlib.suppress(*_GONE):
        return bool(process.name() == "postgres")
    return False


def _has_postgres_parent(process: psutil.Process) -> bool:
    with contextlib.suppress(*_GONE):
        parent = process.parent()
        return parent is not None and _is_postgres(parent)
    return True


def main() -> None:
    """Wait for the supervisor to go, then end what it left."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--stack", required=True)
    stack_id = parser.parse_args().stack
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sessions = [int(line) for line in sys.stdin if line.strip().isdigit()]
    end_stack(stack_id, sessions)


if __name__ == "__main__":
    main()
