"""Evaluate one ring ansatz and say how much memory the process ever held: `N K P`, JSON out."""

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.peers.environments import ROOT
from benchmarks.subspace.instances import Instance, random_angles

_WITHIN_S = 600.0
_BYTES_PER_UNIT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Residence:
    """Hold what one evaluation took in a process of its own, reading the problem included."""

    peak_bytes: int
    elapsed_s: float
    norm_error: float


def reside(n: int, k: int, depth: int) -> Residence:
    """Evaluate in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.subspace.resident", str(n), str(k), str(depth)]
    finished = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=_WITHIN_S, check=True
    )
    return Residence(**json.loads(finished.stdout))


def main() -> None:
    """Print one JSON object."""
    n, k, depth = map(int, sys.argv[1:])
    started = time.perf_counter()
    ansatz = Instance(n, k).ansatz
    psi = ansatz.evolve(*random_angles(depth))
    elapsed_s = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_UNIT
    norm_error = abs(float(np.vdot(psi, psi).real) - 1)
    told = {"peak_bytes": peak, "elapsed_s": elapsed_s, "norm_error": norm_error}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
