"""Own how a process closes itself off for ever: its resources, its privileges, its system calls."""

import ctypes
import os
import platform
import resource
import signal
from dataclasses import dataclass
from pathlib import Path

from core.errors import SourceUnavailable
from jobs.parsing.syscalls import PARSER, install, machine_named

_SET_PARENT_DEATH_SIGNAL, _SET_NO_NEW_PRIVILEGES = 1, 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bound a closed process.

    `memory_bytes` is address space on top of what the process has when it closes itself off;
    `cpu_s` counts from its start to its end.
    """

    memory_bytes: int
    cpu_s: int


def die_with(parent: int) -> None:
    """Have the kernel end this process when the thread that started it ends.

    Raises:
        SourceUnavailable: `parent` is gone already.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _control(libc, _SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        raise SourceUnavailable(
            source=PARSER, reason="the process that asked for programs to be read is gone"
        )


def close_off(limits: Limits) -> None:
    """Give up files, sockets, processes and privileges, and take on the limits.

    Open descriptors stay. Modules that are not imported by now never will be.

    Raises:
        SourceUnavailable: kernel or machine cannot do it; the process must then read nothing.
    """
    machine = machine_named(platform.machine())
    libc = ctypes.CDLL(None, use_errno=True)
    _limit(limits)
    _control(libc, _SET_NO_NEW_PRIVILEGES, 1)
    install(libc, machine)


def _limit(limits: Limits) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    held = pages * resource.getpagesize()
    for what, amount in (
        (resource.RLIMIT_AS, held + limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_s),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (amount, amount))


def _control(libc: ctypes.CDLL, option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    if libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero) != 0:
        reason = f"the kernel refuses to close a process off: {os.strerror(ctypes.get_errno())}"
        raise SourceUnavailable(source=PARSER, reason=reason)
