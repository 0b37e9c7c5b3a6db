"""Own the stacks that benchmarks start and end; each has its own folder and ports."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from cluster.local.paths import stack_paths
from cluster.local.reaper import stack_processes
from heliostat import Client

ROOT = Path(__file__).resolve().parent.parent
HELIOSTAT = str(Path(sys.executable).with_name("heliostat"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchStack:
    """Hold one stack of our own for a benchmark."""

    data: Path
    port: int

    @property
    def key(self) -> str:
        return str(json.loads((self.data / "client.json").read_text())["key"])

    def environment(self) -> dict[str, str]:
        """Return an environment that no other stack's settings reach into."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HELIOSTAT_", "RAY_"))}
        return {
            **kept,
            "HELIOSTAT_DATA": str(self.data),
            "HELIOSTAT_PORT": str(self.port),
            # A new stack estimates its models, which would be measured along with what is.
            "HELIOSTAT_MODEL_PRODUCTS": "none",
        }

    def client(self) -> Client:
        """Return a client of this stack."""
        return Client(data_dir=self.data)

    def command(
        self, *words: str, environment: dict[str, str] | None = None, within_s: float = 300.0
    ) -> "subprocess.CompletedProcess[str]":
        """Run one `heliostat` command against this stack."""
        return subprocess.run(
            [HELIOSTAT, *words],
            cwd=ROOT,
            env=environment or self.environment(),
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def must(self, *words: str, environment: dict[str, str] | None = None) -> str:
        """Run a command that has to succeed and return what it printed."""
        finished = self.command(*words, environment=environment)
        if finished.returncode != 0:
            message = f"heliostat {' '.join(words)}: {finished.stderr.strip()}"
            raise RuntimeError(message)
        return finished.stdout

    def json(self, *words: str) -> Any:
        """Run a command with --json and return the object it printed."""
        return json.loads(self.must(*words, "--json"))

    def kill_everything(self) -> int:
        """Send SIGKILL to every process of the stack at once; return how many there were."""
        processes = stack_processes(stack_paths(self.data).stack_id)
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        return len(processes)


@contextlib.contextmanager
def bench_stack(port: int) -> Iterator[BenchStack]:
    """Lend a stack in a new folder; it is ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="hs-bench-") as folder:
        Path(folder).chmod(0o755)
        stack = BenchStack(data=Path(folder) / "data", port=port)
        try:
            yield stack
        finally:
            stack.command("down")


def wait_until(check: Any, within_s: float) -> float:
    """Poll until the check is true and return the seconds that took."""
    started = time.perf_counter()
    while not check():
        if time.perf_counter() - started > within_s:
            message = f"not true within {within_s:.0f} s"
            raise TimeoutError(message)
        time.sleep(0.05)
    return time.perf_counter() - started
