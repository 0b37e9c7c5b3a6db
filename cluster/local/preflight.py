"""Own the checks before a start: each failure is one line that says what to do."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from cluster.local.paths import StackPaths, make_private
from cluster.local.ports import PortPlan, require_free
from core.errors import StackError

MIN_FREE_DISK_BYTES = 2 * 1024**3
MIN_FREE_MEMORY_BYTES = 2 * 1024**3
MIN_SHARED_MEMORY_BYTES = 300 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Hold the outcome of one check; `remedy` is empty when it passed."""

    check: str
    passed: bool
    detail: str
    remedy: str = ""


def require_disk(free_bytes: int, folder: Path) -> None:
    """Check that the data folder has room.

    Raises:
        StackError: less than 2 GiB are free.
    """
    if free_bytes < MIN_FREE_DISK_BYTES:
        raise StackError(
            problem=f"Only {free_bytes // 1024**2} MiB are free where {folder} lies; "
            f"{MIN_FREE_DISK_BYTES // 1024**2} are needed.",
            remedy="Free some, or name a folder on another disk with --data.",
        )


def require_memory(available_bytes: int) -> None:
    """Check that the stack fits in memory.

    Raises:
        StackError: less than 2 GiB are available.
    """
    if available_bytes < MIN_FREE_MEMORY_BYTES:
        raise StackError(
            problem=f"Only {available_bytes // 1024**2} MiB of memory are available; "
            f"{MIN_FREE_MEMORY_BYTES // 1024**2} are needed.",
            remedy="Close other programs and start again.",
        )


def require_shared_memory(free_bytes: int) -> None:
    """Check that Ray's object store fits in shared memory.

    Raises:
        StackError: less than 300 MiB are free in /dev/shm.
    """
    if free_bytes < MIN_SHARED_MEMORY_BYTES:
        raise StackError(
            problem=f"Only {free_bytes // 1024**2} MiB are free in /dev/shm; "
            f"{MIN_SHARED_MEMORY_BYTES // 1024**2} are needed.",
            remedy="Enlarge it (mount -o remount,size=1G /dev/shm), or start the container "
            "with a larger one.",
        )


def checks(
    paths: StackPaths, plan: PortPlan, database_version: Callable[[], None]
) -> list[tuple[str, Callable[[], None]]]:
    """List the checks of a start in the order in which they are made, vendors apart."""
    return [
        ("data folder", lambda: make_private(paths.data)),
        ("runtime folder", lambda: make_private(paths.runtime)),
        ("disk", lambda: require_disk(shutil.disk_usage(paths.data).free, paths.data)),
        ("memory", lambda: require_memory(psutil.virtual_memory().available)),
        ("shared memory", lambda: require_shared_memory(shutil.disk_usage("/dev/shm").free)),  # noqa: S108 - Ray's place
        ("database version", database_version),
        ("ports", lambda: require_free(plan, plan.needed_at_start())),
    ]


def examine(listed: list[tuple[str, Callable[[], None]]]) -> list[Finding]:
    """Run every check and report all outcomes, for `doctor`."""
    findings = []
    for name, check in listed:
        try:
            check()
        except StackError as error:
            findings.append(
                Finding(
                    check=name,
                    passed=False,
                    detail=error.context["problem"],
                    remedy=error.context["remedy"],
                )
            )
        else:
            findings.append(Finding(check=name, passed=True, detail="ok"))
    return findings
