"""Own the mathematics every method is asked to solve: choose k of n at the least objective.

The objective is q·xᵀΣx − μᵀx over 0/1 vectors with k ones. Must not import Qiskit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.basis import Basis
from quant.quantum.costs import check_quadratic, cost_vector, subset_costs

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SubsetProblem:
    """Minimise q·xᵀΣx − μᵀx over the subsets of k of n; `mu` is (n,) and `sigma` (n, n).

    Any symmetric sigma is a problem, also one that is not positive semidefinite, and q may be
    negative. C(n, k) may be beyond every memory: only `basis` and `costs` enumerate.

    Raises:
        InvalidInput: n is less than 2, k is outside 1…n−1, sigma is not (n, n) or not symmetric
            beyond rounding, or a number or a sum of k of them is not finite.
    """

    mu: Reals
    sigma: Reals
    q: float
    k: int

    def __post_init__(self) -> None:
        check_quadratic(self.mu, self.sigma, self.q)
        require(1 <= self.k < self.n, "k", f"expected 1 to {self.n - 1}, was {self.k}")
        with np.errstate(over="ignore", invalid="ignore"):
            finite = bool(np.isfinite(self.reach))
        require(finite, "sigma", "expected objectives that a double can hold")

    @property
    def n(self) -> int:
        return len(self.mu)

    @property
    def basis(self) -> Basis:
        """Return the subsets in colexicographic order.

        Raises:
            InvalidInput: there are more of them than memory holds.
        """
        return Basis(self.n, self.k)

    def costs(self) -> Reals:
        """Return the objective of every subset (C(n, k),), in colexicographic order."""
        return cost_vector(self.basis, self.mu, self.sigma, self.q)

    @property
    def linear(self) -> Reals:
        """Return what each member costs by itself, qΣᵢᵢ − μᵢ (n,)."""
        return self.q * np.diagonal(self.sigma) - self.mu

    @property
    def pair(self) -> Reals:
        """Return what each two members cost together, q(Σᵢⱼ + Σⱼᵢ), and 0 for i = j (n, n)."""
        pair = self.q * (self.sigma + self.sigma.T)
        np.fill_diagonal(pair, 0.0)
        return pair

    @property
    def reach(self) -> float:
        """Return how far from 0 a sum of k `linear` and all their `pair` costs may be at most."""
        pairs = self.k * (self.k - 1) / 2
        return float(self.k * np.abs(self.linear).max() + pairs * np.abs(self.pair).max())

    def negated(self) -> "SubsetProblem":
        """Return the problem whose optimum is the worst subset of this one."""
        return SubsetProblem(mu=-self.mu, sigma=self.sigma, q=-self.q, k=self.k)

    def objective(self, chosen: Sequence[int] | NDArray[np.integer[Any]]) -> float:
        """Return the objective of a subset of indices, of whatever size.

        One subset has one value bit for bit, whoever found it.

        Raises:
            InvalidInput: an index is not in 0…n−1, or stands twice.
        """
        members = np.unique(np.array(chosen, dtype=np.intp))
        known = bool(((members >= 0) & (members < self.n)).all())
        valid = len(members) == len(chosen) and known
        require(valid, "chosen", f"expected different indices from 0 to {self.n - 1}")
        positions = members[None, :]
        return float(subset_costs(positions, self.mu, self.sigma, self.q)[0])

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; floats keep every bit."""
        return {"mu": self.mu.tolist(), "sigma": self.sigma.tolist(), "q": self.q, "k": self.k}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "SubsetProblem":
        """Rebuild the problem from keys `mu`, `sigma`, `q` and `k`.

        Raises:
            InvalidInput: a key is missing, or its value breaks a rule.
        """
        return cls(
            mu=_array(values, "mu"),
            sigma=_array(values, "sigma"),
            q=float(_array(values, "q", dimensions=0)),
            k=_whole(values, "k"),
        )


def require(condition: bool, field: str, reason: str) -> None:
    """Refuse an input of the caller.

    Raises:
        InvalidInput: the condition is false.
    """
    if not condition:
        raise InvalidInput(field=field, reason=reason)


def _array(values: dict[str, Any], field: str, dimensions: int | None = None) -> Reals:
    require(field in values, field, "expected a value, was absent")
    try:
        array = np.array(values[field], dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(field=field, reason="expected numbers in rows of one length") from None
    require(dimensions in {None, array.ndim}, field, "expected one number")
    return array


def _whole(values: dict[str, Any], field: str) -> int:
    require(field in values, field, "expected a value, was absent")
    value = values[field]
    whole = isinstance(value, int) and not isinstance(value, bool)
    require(whole, field, f"expected a whole number, was {value!r}")
    return int(value)
