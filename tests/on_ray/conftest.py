"""Start one whole stack for the tier, on ports and in a folder of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster.local.launch import ChosenStack, choose
from cluster.local.ports import PORTS_PER_STACK, PortPlan, taken_ports
from heliostat import Client

ROOT = Path(__file__).resolve().parents[2]
HELIOSTAT = str(Path(sys.executable).with_name("heliostat"))
COMMAND_TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Stack:
    """Hold one stack of a test."""

    data: Path
    port: int

    @property
    def chosen(self) -> ChosenStack:
        return choose(self.data, self.port)

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HELIOSTAT_", "RAY_"))}
        return {
            **kept,
            "HELIOSTAT_DATA": str(self.data),
            "HELIOSTAT_PORT": str(self.port),
            # One estimate is enough for what is tested, and leaves the cores to it.
            "HELIOSTAT_MODEL_PRODUCTS": "CL",
        }

    def run(
        self, *words: str, timeout_s: float = COMMAND_TIMEOUT_S, given: str | None = None
    ) -> Any:
        """Run `heliostat WORDS`, perhaps with something to read; return the finished process."""
        return subprocess.run(
            [HELIOSTAT, *words],
            cwd=ROOT,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def client(self) -> Client:
        return Client(data_dir=self.data)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a test that may have to start a stack the time for it on a busy machine."""
    for item in items:
        if item.get_closest_marker("ray") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(400))


def free_base_port(first: int) -> int:
    for base in range(first, first + 4000, 100):
        if not taken_ports(range(base, base + PORTS_PER_STACK)):
            return base
    pytest.fail("no range of free ports")


def wait_for(check: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """Repeat a check until it returns something true, and return that."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = check()
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"not true within {timeout_s:.0f} s")


def make_stack(first_port: int) -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="hs-test-"))
    # PostgreSQL runs as a user of its own when root starts the stack.
    folder.chmod(0o755)
    stack = Stack(folder / "data", free_base_port(first_port))
    try:
        started = stack.run("up", "--no-job")
        assert started.returncode == 0, started.stderr
        yield stack
    finally:
        stack.run("down")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    yield from make_stack(21_000)


@pytest.fixture(scope="session")
def ports(stack: Stack) -> PortPlan:
    return PortPlan(stack.port)


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with stack.client() as opened:
        yield opened
