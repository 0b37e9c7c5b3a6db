"""Own quadratic objectives q·xᵀΣx − μᵀx over 0/1 vectors: their rules, and their values."""

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.basis import Basis

Reals = NDArray[np.float64]

ROUNDING = 1e-9  # of the largest entry: what decimals in a file may have lost


def check_quadratic(mu: Reals, sigma: Reals, q: float) -> None:
    """Refuse what is no quadratic objective of n = len(μ) variables.

    Σ need not be positive semidefinite: ask `is_convex`.

    Raises:
        InvalidInput: n is less than 2, Σ is not (n, n) or differs from its transpose by more than
            rounding, or a number is not finite.
    """
    if mu.ndim != 1:
        raise InvalidInput(field="mu", reason=f"expected one dimension, were {mu.ndim}")
    if len(mu) < 2:
        raise InvalidInput(field="n", reason=f"expected at least 2, was {len(mu)}")
    square = (len(mu), len(mu))
    if sigma.shape != square:
        raise InvalidInput(field="sigma", reason=f"expected shape {square}, was {sigma.shape}")
    for field, values in (("mu", mu), ("sigma", sigma), ("q", q)):
        if not np.isfinite(values).all():
            raise InvalidInput(field=field, reason="expected finite numbers only")
    # halves, as the difference of two large numbers may overflow
    skew = float(np.abs(sigma / 2 - sigma.T / 2).max())
    if skew > ROUNDING / 2 * float(np.abs(sigma).max()):
        reason = f"expected a symmetric matrix, two entries differ by {2 * skew:g}"
        raise InvalidInput(field="sigma", reason=reason)


def is_convex(sigma: Reals) -> bool:
    """Return whether a symmetric Σ (n, n) is positive semidefinite, up to rounding."""
    eigenvalues = np.linalg.eigvalsh(sigma)
    return bool(eigenvalues[0] >= -ROUNDING * np.abs(eigenvalues).max())


def cost_vector(basis: Basis, mu: Reals, sigma: Reals, q: float) -> Reals:
    """Return q·xᵀΣx − μᵀx of every state of the basis (size,); O(1) additions each.

    Raises:
        InvalidInput: the objective is none, or not one of the basis's n variables.
    """
    check_quadratic(mu, sigma, q)
    if len(mu) != basis.n:
        raise InvalidInput(field="mu", reason=f"expected {basis.n} numbers, was {len(mu)}")
    linear, pair = _coefficients(mu, sigma, q)
    costs = np.empty(basis.size)
    from quant.quantum.subsets import fill_costs  # numba takes half a second to import

    fill_costs(linear, pair, basis.k, costs)
    return costs


def subset_costs(positions: NDArray[np.intp], mu: Reals, sigma: Reals, q: float) -> Reals:
    """Return q·xᵀΣx − μᵀx of the subsets whose members are the rising rows of `positions` (m, k).

    Sums run in the order of `cost_vector`, so a subset has one value bit for bit, wherever
    computed.
    """
    linear, pair = _coefficients(mu, sigma, q)
    columns = np.ascontiguousarray(positions.T)[::-1]
    total = np.zeros(len(positions))
    for a, members in enumerate(columns):
        joining = linear[members]
        for greater in columns[:a]:
            joining += pair[members, greater]
        total += joining
    return total


def _coefficients(mu: Reals, sigma: Reals, q: float) -> tuple[Reals, Reals]:
    return q * np.diagonal(sigma) - mu, q * (sigma + sigma.T)
