"""Own a quadratic cost in spins: its terms, and an order in which its couplings take few layers.

Qubit i is bit i of a mask, and xᵢ = (1 − Zᵢ)/2. Must not import Qiskit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ising:
    """Hold offset + Σ fieldsᵢZᵢ + Σ_{i<j} couplingsᵢⱼZᵢZⱼ over n spins.

    `fields` is (n,), `couplings` (n, n) and zero on and below its diagonal.

    Raises:
        InvalidInput: fewer than two spins, shapes disagree, a number is not finite, or a coupling
            stands on or below the diagonal.
    """

    offset: float
    fields: Reals
    couplings: Reals

    def __post_init__(self) -> None:
        n = self.fields.size
        _require(self.fields.shape == (n,) and n >= 2, "fields", "expected two spins or more")
        shape = self.couplings.shape
        _require(shape == (n, n), "couplings", f"expected shape {(n, n)}, was {shape}")
        for field in ("offset", "fields", "couplings"):
            finite = bool(np.isfinite(getattr(self, field)).all())
            _require(finite, field, "expected finite numbers only")
        upper = not np.tril(self.couplings).any()
        _require(upper, "couplings", "expected zeros on and below the diagonal")

    @property
    def n(self) -> int:
        """Return the number of spins."""
        return len(self.fields)

    @classmethod
    def of_quadratic(cls, mu: Reals, sigma: Reals, q: float) -> "Ising":
        """Return the terms of q·xᵀΣx − μᵀx with `mu` (n,), `sigma` (n, n) and xᵢ = (1 − Zᵢ)/2.

        Raises:
            InvalidInput: shapes disagree or a number is not finite.
        """
        _require(mu.ndim == 1, "mu", f"expected one axis, was {mu.ndim}")
        n = len(mu)
        _require(sigma.shape == (n, n), "sigma", f"expected shape {(n, n)}, was {sigma.shape}")
        for field, values in (("mu", mu), ("sigma", sigma), ("q", q)):
            _require(bool(np.isfinite(values).all()), field, "expected finite numbers only")
        linear = q * np.diagonal(sigma) - mu
        pair = np.triu(q * (sigma + sigma.T), 1)
        return cls(
            offset=float(linear.sum() / 2 + pair.sum() / 4),
            fields=-linear / 2 - (pair.sum(axis=0) + pair.sum(axis=1)) / 4,
            couplings=pair / 4,
        )


def coupling_order(n: int) -> tuple[tuple[int, int], ...]:
    """List every pair i < j of n qubits once, in an order of least depth.

    A round-robin tournament between neighbouring pairs of qubits: n−1 layers of disjoint gates
    for even n, and four gates on the same four qubits stand together, which simulators fuse.
    """
    teams: list[tuple[int, ...]] = [tuple(range(i, min(i + 2, n))) for i in range(0, n, 2)]
    order = [(team[0], team[1]) for team in teams if len(team) == 2]
    circle = teams if len(teams) % 2 == 0 else [*teams, ()]
    for _ in range(len(circle) - 1):
        for home, away in zip(circle[: len(circle) // 2], reversed(circle), strict=False):
            order += _matches(min(home, away), max(home, away))
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return tuple(order)


def _matches(low: tuple[int, ...], high: tuple[int, ...]) -> list[tuple[int, int]]:
    straight = list(zip(low, high, strict=False))
    crossed = list(zip(low, reversed(high), strict=False)) if len(high) == 2 else []
    if len(high) == 1 and len(low) == 2:
        crossed = [(low[1], high[0])]
    return straight + crossed


def _require(condition: bool, field: str, reason: str) -> None:
    if not condition:
        raise InvalidInput(field=field, reason=reason)
