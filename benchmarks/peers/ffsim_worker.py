"""Evaluate the exact XY ring as free fermions on ffsim. Runs in ffsim's environment."""

from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.peers.conversation import Evaluate, Prepare, all_costs, answer, feasible


def main() -> None:
    """Answer until stdin ends."""
    ffsim = import_module("ffsim")
    answer(lambda problem: _open(ffsim, problem), "orbital rotations")


def _open(ffsim: Any, problem: dict[str, Any]) -> Prepare:
    n, k = len(problem["mu"]), problem["k"]
    costs = all_costs(problem)[feasible(problem)]
    hopping = np.zeros((n, n))
    for i in range(n):
        # The last fermion hops over the others, by Jordan and Wigner.
        hopping[i, (i + 1) % n] += 1.0 if i < n - 1 else (-1.0) ** (k - 1)
    energies, orbitals = np.linalg.eigh(hopping + hopping.T)

    def prepare(gammas: list[float], betas: list[float]) -> Evaluate:
        def evaluate() -> float:
            psi = np.full(len(costs), len(costs) ** -0.5, dtype=np.complex128)
            for gamma, beta in zip(gammas, betas, strict=True):
                psi *= np.exp(-1j * gamma * costs)
                psi = ffsim.apply_num_op_sum_evolution(
                    psi, energies, time=beta, norb=n, nelec=k, orbital_rotation=orbitals
                )
            return float(np.vdot(psi, costs * psi).real)

        return evaluate

    return prepare


if __name__ == "__main__":
    main()
