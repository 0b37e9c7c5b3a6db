"""Try from inside a closed process what it must not do; nothing here needs a database."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import SourceUnavailable
from jobs.parsing import syscalls
from jobs.parsing.syscalls import filter_for, machine_named

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[4]
CLOSED = """
import ctypes, errno, mmap, os, resource, signal, socket, subprocess, sys, threading
from jobs.parsing.limits import Limits, close_off
libc = ctypes.CDLL(None, use_errno=True)
close_off(Limits(memory_bytes=2**26, cpu_s={cpu_s}))
def refused(attempt):
    try:
        done = attempt()
    except PermissionError as error:
        assert error.errno == errno.EPERM, error
    except OSError as error:
        raise SystemExit(f"another error: {{error!r}}")
    else:
        raise SystemExit(f"it was allowed: {{done!r}}")
{snippet}
sys.stdout.write("the end")
sys.stdout.flush()
"""


def run(snippet: str, cpu_s: int = 30, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CLOSED.format(snippet=snippet, cpu_s=cpu_s)],
        cwd=ROOT,
        env={"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        **options,  # type: ignore[call-overload]
    )


ATTEMPTS = {
    "make an internet socket": "lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "make a unix socket": "lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)",
    "make a pair of sockets": "socket.socketpair",
    "write a file": "lambda: os.open('/tmp/heliostat-escape', os.O_WRONLY | os.O_CREAT)",
    "write a device": "lambda: os.open('/dev/null', os.O_WRONLY)",
    "read a file": "lambda: os.open('/etc/passwd', os.O_RDONLY)",
    "list a folder": "lambda: os.listdir('/')",
    "look for a file": "lambda: os.stat('/etc/passwd')",
    "make a folder": "lambda: os.mkdir('escape')",
    "remove a file": "lambda: os.unlink('/tmp/heliostat-escape')",
    "make a file without a name": "lambda: os.memfd_create('escape')",
    "fork": "os.fork",
    "execute": "lambda: os.execv('/bin/true', ['true'])",
    "start a program": "lambda: subprocess.run(['/bin/true'])",
    "signal itself": "lambda: os.kill(os.getpid(), signal.SIGUSR1)",
    "signal its parent": "lambda: os.kill(os.getppid() or 1, 0)",
    "raise a limit": "lambda: resource.prlimit(0, resource.RLIMIT_CPU, (1, 1))",
    "duplicate a descriptor": "lambda: os.dup(1)",
    "make a pipe": "os.pipe",
    "map executable memory": "lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "change its user": "lambda: os.setuid(65534)",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS.keys())
def test_it_is_refused(attempt: str) -> None:
    finished = run(f"refused({attempt})")
    assert (finished.stdout, finished.returncode) == ("the end", 0), finished.stderr


RAW_CALLS = {
    "ptrace": (101, 117),
    "connect": (42, 203),
    "process_vm_readv": (310, 270),
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "mount": (165, 40),
    "unshare": (272, 97),
    "clone3": (435, 435),
    "openat2": (437, 437),
    "prctl": (157, 167),
    "seccomp": (317, 277),
}


@pytest.mark.parametrize("call", RAW_CALLS)
def test_a_raw_call_is_refused(call: str) -> None:
    number = RAW_CALLS[call][machine_named(platform.machine()).column]
    finished = run(
        f"assert libc.syscall({number}, 0, 0, 0, 0, 0, 0) == -1\n"
        "assert ctypes.get_errno() == errno.EPERM, ctypes.get_errno()"
    )
    assert (finished.stdout, finished.returncode) == ("the end", 0), finished.stderr


def test_a_thread_cannot_start() -> None:
    finished = run(
        "try:\n    threading.Thread(target=print).start()\n"
        "except RuntimeError:\n    pass\nelse:\n    raise SystemExit('it started')"
    )
    assert (finished.stdout, finished.returncode) == ("the end", 0), finished.stderr


def test_memory_ends_at_the_limit() -> None:
    finished = run(
        "bytearray(2**25)\ntry:\n    bytearray(2**27)\nexcept MemoryError:\n    pass\n"
        "else:\n    raise SystemExit('it was given')"
    )
    assert (finished.stdout, finished.returncode) == ("the end", 0), finished.stderr


def test_processor_time_ends_at_the_limit() -> None:
    finished = run("while True:\n    pass", cpu_s=1)
    assert finished.returncode in (-24, -9)  # SIGXCPU or SIGKILL


def test_an_open_file_cannot_grow(tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        finished = run(f"os.write({file.fileno()}, b'escape')", pass_fds=(file.fileno(),))
    assert finished.returncode == 1
    assert "OSError: [Errno 27]" in finished.stderr  # EFBIG: Python ignores SIGXFSZ
    assert (tmp_path / "open").read_bytes() == b""


def test_a_call_for_another_architecture_ends_the_process() -> None:
    if platform.machine() != "x86_64":
        pytest.skip("only x86-64 has a second set of numbers")
    finished = run("libc.syscall(0x40000000 | 39)")
    assert finished.returncode == -31  # SIGSYS


def test_another_machine_is_refused() -> None:
    with pytest.raises(SourceUnavailable, match="this machine is riscv64"):
        machine_named("riscv64")


@pytest.mark.parametrize(
    ("header", "machine"),
    [
        ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "x86_64"),
        ("/usr/include/asm-generic/unistd.h", "aarch64"),
    ],
)
def test_numbers_are_the_kernels(header: str, machine: str) -> None:
    if not Path(header).is_file():
        pytest.skip("the kernel's headers are not installed")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
    numbers = {name: int(number) for name, number in found}
    table = {**syscalls._ALLOWED, **syscalls._UNLESS_EXECUTABLE, "seccomp": syscalls._SECCOMP}
    column = machine_named(machine).column
    assert {name: both[column] for name, both in table.items()} == {
        name: numbers[name] for name in table
    }


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_short_enough_for_its_jumps_and_ends_in_a_refusal(machine: str) -> None:
    program = filter_for(machine_named(machine))
    assert len(program) <= 4096  # BPF_MAXINSNS
    assert program[-1] == (0x06, 0, 0, 0x00050001)
    for place, (code, if_true, if_false, _) in enumerate(program):
        if code & 7 == 5:
            assert place + 1 + max(if_true, if_false) < len(program)
