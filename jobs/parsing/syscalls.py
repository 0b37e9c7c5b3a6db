"""Own the filter of system calls that a closed process may still make (seccomp-BPF).

Everything else is refused with EPERM: files, sockets, processes, threads, signals to others. A
call made for another architecture ends the process. Numbers: the kernel's unistd_64.h (x86-64) and
asm-generic/unistd.h (aarch64).
"""

import ctypes
import errno
import struct
from dataclasses import dataclass

from core.errors import SourceUnavailable

PARSER = "the reader of programs"

# each on x86-64, and on aarch64
_ALLOWED: dict[str, tuple[int, int]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
}
_UNLESS_EXECUTABLE: dict[str, tuple[int, int]] = {"mmap": (9, 222), "mprotect": (10, 226)}
_SECCOMP = (317, 277)

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_AT_NUMBER, _AT_ARCHITECTURE, _AT_THIRD_ARGUMENT = 0, 4, 32
_ALLOW, _KILL_PROCESS, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
_PROT_EXEC = 4
_X32_NUMBERS = 0x40000000
_SET_MODE_FILTER, _ALL_THREADS = 1, 1

Instruction = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Name a processor that the filter knows: the kernel's name for it, and its column."""

    audit_architecture: int
    column: int


_MACHINES = {
    "x86_64": Machine(audit_architecture=0xC000003E, column=0),
    "aarch64": Machine(audit_architecture=0xC00000B7, column=1),
}


def machine_named(name: str) -> Machine:
    """Return the machine of a name of `uname -m`.

    Raises:
        SourceUnavailable: the filter does not know it.
    """
    if name not in _MACHINES:
        reason = f"programs are read on {' or '.join(_MACHINES)} only, this machine is {name}"
        raise SourceUnavailable(source=PARSER, reason=reason)
    return _MACHINES[name]


def filter_for(machine: Machine) -> list[Instruction]:
    """Return the filter's program as (code, jump if true, jump if false, operand)."""
    program: list[Instruction] = [
        (_LOAD, 0, 0, _AT_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, machine.audit_architecture),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _AT_NUMBER),
        (_JUMP_AT_LEAST, 0, 1, _X32_NUMBERS),
        (_RETURN, 0, 0, _KILL_PROCESS),
    ]
    for numbers in _ALLOWED.values():
        program += [(_JUMP_EQUAL, 0, 1, numbers[machine.column]), (_RETURN, 0, 0, _ALLOW)]
    for numbers in _UNLESS_EXECUTABLE.values():
        program += [
            (_JUMP_EQUAL, 0, 4, numbers[machine.column]),
            (_LOAD, 0, 0, _AT_THIRD_ARGUMENT),
            (_JUMP_ANY_BIT, 0, 1, _PROT_EXEC),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    return [*program, (_RETURN, 0, 0, _REFUSE)]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install(libc: ctypes.CDLL, machine: Machine) -> None:
    """Put the filter on every thread of this process; it can never be taken off again.

    The process must have given up new privileges before.

    Raises:
        SourceUnavailable: the kernel refuses, or knows no filters.
    """
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in filter_for(machine))
    buffer = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(buffer))
    answer = libc.syscall(
        ctypes.c_long(_SECCOMP[machine.column]),
        ctypes.c_long(_SET_MODE_FILTER),
        ctypes.c_long(_ALL_THREADS),
        ctypes.byref(program),
    )
    if answer != 0:
        cause = errno.errorcode.get(ctypes.get_errno(), "a thread that cannot be filtered")
        reason = f"the kernel takes no filter of system calls: {cause}"
        raise SourceUnavailable(source=PARSER, reason=reason)
