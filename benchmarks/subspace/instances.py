"""Own the seeded problems and angles that ours and every peer are given."""

from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.mixers import Mixer
from quant.quantum.subspace import Ansatz
from quant.subset_problem import SubsetProblem

Reals = NDArray[np.float64]

RISK_AVERSION = 0.5
_SEED = 20


@dataclass(frozen=True, eq=False)
class Instance:
    """Hold one problem: μ ~ N(0, 1) and Σ = AAᵀ/n with A ~ N(0, 1), the seed being n and k."""

    n: int
    k: int
    mixer: Mixer = Mixer.RING

    @property
    def size(self) -> int:
        """Return C(n, k)."""
        return comb(self.n, self.k)

    @cached_property
    def problem(self) -> SubsetProblem:
        """Return what is minimised."""
        random = np.random.default_rng([_SEED, self.n, self.k])
        factors = random.normal(size=(self.n, self.n))
        return SubsetProblem(
            mu=random.normal(size=self.n),
            sigma=factors @ factors.T / self.n,
            q=RISK_AVERSION,
            k=self.k,
        )

    @cached_property
    def ansatz(self) -> Ansatz:
        """Return the problem made ready, on one thread."""
        return Ansatz(self.problem.basis, self.problem.costs(), self.mixer, threads=1)

    def to_json(self) -> dict[str, Any]:
        """Return `mu sigma q k` for a peer."""
        return self.problem.to_json()


def random_angles(*shape: int) -> tuple[Reals, Reals]:
    """Return gammas and betas, no two alike."""
    random = np.random.default_rng([_SEED, *shape])
    return random.uniform(0.1, 1.0, size=shape), random.uniform(0.1, 1.0, size=shape)
