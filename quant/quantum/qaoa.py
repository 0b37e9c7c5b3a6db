"""Own the training of QAOA angles: one seeded start each, by L-BFGS with the adjoint gradient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from quant.quantum.subspace import Ansatz, Basis
from quant.quantum.sweep import block_generator

Reals = NDArray[np.float64]

MAX_ITERATIONS = 120
MAX_EVALUATIONS = 180
RAMP_HEIGHT = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """Hold the angles one start ended with, their exact expectation, and what it cost."""

    gammas: tuple[float, ...]
    betas: tuple[float, ...]
    energy: float
    evaluations: int


def train(costs: Reals, basis: Basis, depth: int, seed: int, start_index: int) -> Trained:
    """Minimise the exact ⟨c⟩ over `depth` gammas and betas from one start.

    Gammas are searched in units of 1/std(c), so scaling the objective scales them and nothing
    else. The same arguments give the same angles in any process.
    """
    ansatz = Ansatz(basis, costs)
    unit = float(costs.std()) or 1.0

    def value_and_slope(angles: Reals) -> tuple[float, Reals]:
        value, by_gamma, by_beta = ansatz.value_and_gradient(angles[:depth] / unit, angles[depth:])
        return value / unit, np.concatenate((by_gamma / unit, by_beta)) / unit

    found = minimize(
        value_and_slope,
        initial_angles(depth, seed, start_index),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MAX_ITERATIONS, "maxfun": MAX_EVALUATIONS, "ftol": 1e-9, "gtol": 1e-5},
    )
    return Trained(
        gammas=tuple((found.x[:depth] / unit).tolist()),
        betas=tuple(found.x[depth:].tolist()),
        energy=float(found.fun) * unit,
        evaluations=int(found.nfev),
    )


def initial_angles(depth: int, seed: int, start_index: int) -> Reals:
    """Return gammas·std(c) then betas (2·depth,) to start from.

    Start 0 is the linear ramp: phases grow while mixing fades. Gammas are negative, as the Dicke
    state leans to the top of the mixer's spectrum. Odd starts shake a ramp of random height, even
    ones are uniform.
    """
    rising = (np.arange(depth) + 0.5) / depth
    ramp = RAMP_HEIGHT * np.concatenate((-rising, 1 - rising))
    if start_index == 0:
        return ramp
    random = block_generator("train", seed, start_index)
    if start_index % 2:
        heights = np.repeat(random.uniform(0.3, 2.0, size=2), depth)
        return ramp * heights + random.normal(scale=0.1, size=2 * depth)
    gammas = random.uniform(-1.5, 1.5, size=depth)
    return np.concatenate((gammas, random.uniform(0.0, np.pi / 2, size=depth)))


def merge_best(results: Sequence[Trained]) -> Trained:
    """Return the result of least energy; of equal ones the first."""
    return min(results, key=lambda result: result.energy)
