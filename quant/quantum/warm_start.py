"""Own warm starts: amplitudes that lean to the continuous relaxation of a subset problem."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from core.errors import InvalidInput
from quant.quantum.amplitudes import State
from quant.quantum.basis import Basis
from quant.quantum.costs import cost_vector
from quant.subset_problem import SubsetProblem

Reals = NDArray[np.float64]

REGULARISATION = 0.25


def relax(problem: SubsetProblem) -> Reals:
    """Return the x (n,) of least q·xᵀΣx − μᵀx with 0 ≤ xᵢ ≤ 1 and Σxᵢ = k.

    The minimum where q·Σ is positive semidefinite, otherwise a stationary point. Values are
    divided by the largest coefficient first, so no objective is too flat to be minimised.
    """
    n, k = problem.n, problem.k
    quadratic = problem.q * (problem.sigma + problem.sigma.T) / 2.0
    unit = max(float(np.abs(quadratic).max()), float(np.abs(problem.mu).max())) or 1.0
    quadratic, linear = quadratic / unit, problem.mu / unit
    found = minimize(
        lambda x: (float(x @ quadratic @ x - linear @ x), 2.0 * quadratic @ x - linear),
        np.full(n, k / n),
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * n,
        constraints={"type": "eq", "fun": lambda x: x.sum() - k, "jac": np.ones_like},
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    relaxed: Reals = np.clip(found.x, 0.0, 1.0)
    return relaxed


def start_amplitudes(basis: Basis, relaxed: Reals, regularisation: float = REGULARISATION) -> State:
    """Return the product of √(1−cᵢ)|0⟩ + √cᵢ|1⟩ cut to k ones and normalised (size,).

    Egger, Mareček and Woerner, arXiv 2009.10095, section 3: c is `relaxed` (n,) clipped to
    ε…1−ε with ε = `regularisation`, so that no state is out of reach. ε = ½ is the uniform start.

    Raises:
        InvalidInput: `relaxed` has another length or values beyond 0…1, or ε is not in (0, ½].
    """
    if relaxed.shape != (basis.n,) or not ((relaxed >= 0.0) & (relaxed <= 1.0)).all():
        raise InvalidInput(field="relaxed", reason=f"expected {basis.n} values of 0 to 1")
    if not 0.0 < regularisation <= 0.5:
        raise InvalidInput(
            field="regularisation", reason=f"expected above 0 and at most 0.5, was {regularisation}"
        )
    share = np.clip(relaxed, regularisation, 1.0 - regularisation)
    # √(c/(1−c)) of every member is all that differs between states; a sum of logarithms
    pull = np.log(share / (1.0 - share)) / 2.0
    exponents = cost_vector(basis, -pull, np.zeros((basis.n, basis.n)), 0.0)
    weights = np.exp(exponents - exponents.max())
    amplitudes: State = (weights / np.sqrt((weights**2).sum())).astype(np.complex128)
    return amplitudes
