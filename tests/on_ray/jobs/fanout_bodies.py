"""Be the bodies of the fan-out's tests: they work, wait, fail, and take their process down.

The shared value is a folder in which they leave word of themselves.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

_seen: list[Any] = []


def echo(shared: Any, value: int) -> dict[str, Any]:
    if not any(shared is one for one in _seen):
        _seen.append(shared)
    return {"value": value, "pid": os.getpid(), "unpacked": len(_seen)}


def wait(shared: Path, name: str, seconds: float) -> dict[str, Any]:
    """Say that this process has begun, then wait in Python."""
    (shared / name).write_text(str(os.getpid()))
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        time.sleep(0.01)
    return {"pid": os.getpid()}


def calculate(shared: Path, name: str) -> dict[str, Any]:
    """Say that this process has begun, then hold Python's lock for a very long time."""
    (shared / name).write_text(str(os.getpid()))
    return {"value": sum(range(10**12))}


def refuse(shared: Any) -> dict[str, Any]:
    from core.errors import InvalidInput

    raise InvalidInput(field="shots", reason="never enough")


def divide(shared: Any) -> dict[str, Any]:
    return {"value": 1 / 0}


def segfault(shared: Any) -> dict[str, Any]:
    return {"value": ctypes.string_at(0)}


def unavailable_until(shared: Path, name: str, tries: int) -> dict[str, Any]:
    from core.errors import SourceUnavailable

    made = _count_try(shared / name)
    if made < tries:
        raise SourceUnavailable(source="test", reason=f"try {made}")
    return {"tries": made}


def die_until(shared: Path, name: str, tries: int) -> dict[str, Any]:
    made = _count_try(shared / name)
    if made < tries:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"tries": made}


def _count_try(log: Path) -> int:
    with log.open("a") as file:
        file.write("x")
    return len(log.read_text())


def imported(shared: Any, module: str) -> dict[str, Any]:
    """Say whether this worker has imported a module."""
    return {"imported": module in sys.modules}
