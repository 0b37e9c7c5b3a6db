"""Own our half of the conversation with a peer's process."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import ROOT

_THREAD_SETTINGS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class Worker:
    """Speak with a peer that runs on a number of threads, from its own environment or ours."""

    def __init__(self, module: str, threads: int, python: Path | None = None) -> None:
        words = [str(python or sys.executable), "-m", f"benchmarks.peers.{module}", str(threads)]
        self._process = subprocess.Popen(
            words,
            cwd=ROOT,
            env={**os.environ, **dict.fromkeys(_THREAD_SETTINGS, str(threads))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.about = ""

    def open(self, problem: dict[str, Any]) -> None:
        """Hand over the problem that the angles are for."""
        self.about = self._ask({"problem": problem})["about"]

    def evaluate(
        self, gammas: Sequence[float], betas: Sequence[float], repeats: int = 1
    ) -> tuple[float, list[float]]:
        """Return the expectation, and how many seconds each evaluation of it took."""
        asked = {"gammas": list(gammas), "betas": list(betas), "repeats": repeats}
        said = self._ask(asked)
        return said["value"], said["seconds"]

    def _ask(self, value: dict[str, Any]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            message = "the worker was started without pipes"
            raise RuntimeError(message)
        self._process.stdin.write(json.dumps(value) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            message = f"{self._process.args!r} ended"
            raise RuntimeError(message)
        said: dict[str, Any] = json.loads(line)
        return said

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
