"""Own the portfolio problem and its classical answers: choose k of n contracts.

Minimise q·xᵀΣx − μᵀx over 0/1 vectors with k ones. Must not import Qiskit.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.runs import MAX_SUBSETS
from quant.quantum.basis import Basis, positions_of
from quant.quantum.costs import cost_vector, subset_costs
from quant.quantum.sweep import block_generator, block_sizes

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Name the dates of the first and last daily change used, and how many there are."""

    first: date
    last: date
    days: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioProblem:
    """Hold one instance: minimise q·xᵀΣx − μᵀx over subsets of k labels.

    `mu` (n,) and `sigma` (n, n) are dollar values per contract already divided by `scale`, the
    mean variance in dollars², so an objective times `scale` is the unscaled one. `vintage` names
    the revision of the settlements that was read.

    Raises:
        InvalidInput: shapes disagree, sigma is not symmetric, a number is not finite, k is
            outside 1…n−1, or there are more than 3,000,000 subsets.
    """

    labels: tuple[str, ...]
    mu: Reals
    sigma: Reals
    q: float
    k: int
    scale: float
    window: Window
    vintage: str

    def __post_init__(self) -> None:
        n = len(self.labels)
        _require(len(set(self.labels)) == n, "labels", "names one twice")
        _require(self.mu.shape == (n,), "mu", f"expected shape ({n},), was {self.mu.shape}")
        _require(
            self.sigma.shape == (n, n), "sigma", f"expected shape {(n, n)}, was {self.sigma.shape}"
        )
        for field in ("mu", "sigma", "q", "scale"):
            finite = bool(np.isfinite(getattr(self, field)).all())
            _require(finite, field, "expected finite numbers only")
        _require(self.scale > 0, "scale", f"expected a positive number, was {self.scale}")
        symmetric = bool(np.allclose(self.sigma, self.sigma.T, rtol=1e-9, atol=1e-12))
        _require(symmetric, "sigma", "expected a symmetric matrix")
        size = self.basis.size
        _require(size <= MAX_SUBSETS, "k", f"expected at most {MAX_SUBSETS} subsets, was {size}")

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def basis(self) -> Basis:
        """Return the subsets in colexicographic order."""
        return Basis(self.n, self.k)

    def costs(self) -> Reals:
        """Return the scaled objective of every subset (C(n, k),)."""
        return cost_vector(self.basis, self.mu, self.sigma, self.q)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; floats keep every bit."""
        return {
            "labels": list(self.labels),
            "mu": self.mu.tolist(),
            "sigma": self.sigma.tolist(),
            "q": self.q,
            "k": self.k,
            "scale": self.scale,
            "window": {
                "first": self.window.first.isoformat(),
                "last": self.window.last.isoformat(),
                "days": self.window.days,
            },
            "vintage": self.vintage,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PortfolioProblem":
        """Rebuild the problem from `to_json`.

        Raises:
            InvalidInput: a value breaks a rule.
        """
        window = values["window"]
        return cls(
            labels=tuple(values["labels"]),
            mu=np.array(values["mu"], dtype=np.float64),
            sigma=np.array(values["sigma"], dtype=np.float64),
            q=float(values["q"]),
            k=int(values["k"]),
            scale=float(values["scale"]),
            window=Window(
                first=date.fromisoformat(window["first"]),
                last=date.fromisoformat(window["last"]),
                days=int(window["days"]),
            ),
            vintage=str(values["vintage"]),
        )


def _require(condition: bool, field: str, reason: str) -> None:
    if not condition:
        raise InvalidInput(field=field, reason=reason)


def build_problem(
    *,
    labels: tuple[str, ...],
    changes: Reals,
    q: float,
    k: int,
    first: date,
    last: date,
    vintage: str,
) -> PortfolioProblem:
    """Estimate a problem from daily dollar changes per contract (days, n).

    μ is the sample mean and Σ the sample covariance (ddof 1); both are divided by the mean of
    Σ's diagonal.

    Raises:
        InvalidInput: fewer than two days, a number that is not finite, or no variance at all.
    """
    days = len(changes)
    _require(changes.ndim == 2 and days >= 2, "changes", f"expected two days or more, was {days}")
    _require(bool(np.isfinite(changes).all()), "changes", "expected finite numbers only")
    mu = changes.mean(axis=0)
    centred = changes - mu
    # einsum and not BLAS, whose sums may depend on the number of threads
    sigma = np.einsum("di,dj->ij", centred, centred) / (days - 1)
    scale = float(np.diagonal(sigma).mean())
    _require(scale > 0, "changes", "expected prices that move, all changes were equal")
    return PortfolioProblem(
        labels=labels,
        mu=mu / scale,
        sigma=sigma / scale,
        q=q,
        k=k,
        scale=scale,
        window=Window(first=first, last=last, days=days),
        vintage=vintage,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """Hold the least objective of all subsets, and the greatest; `chosen` are rising indices."""

    objective: float
    chosen: tuple[int, ...]
    evaluated: int
    worst_objective: float
    proven: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Hold the best of `draws` subsets drawn uniformly with replacement."""

    objective: float
    chosen: tuple[int, ...]
    draws: int


def objective(problem: PortfolioProblem, bits: NDArray[np.integer[Any]]) -> float:
    """Return the scaled objective of one 0/1 vector (n,), of whatever weight.

    Raises:
        InvalidInput: the vector has another length or other values.
    """
    valid = bits.shape == (problem.n,) and bool(np.isin(bits, (0, 1)).all())
    _require(valid, "bits", f"expected {problem.n} values of 0 or 1")
    positions = np.flatnonzero(bits)[None, :]
    return float(subset_costs(positions, problem.mu, problem.sigma, problem.q)[0])


def chosen_of(problem: PortfolioProblem, rank: int) -> tuple[int, ...]:
    """Return the rising indices of the subset at a colexicographic rank."""
    mask = problem.basis.unrank(rank)
    return tuple(i for i in range(problem.n) if mask >> i & 1)


def exhaustive(problem: PortfolioProblem) -> Optimum:
    """Evaluate every subset; of equal optima the first in colexicographic order is taken."""
    costs = problem.costs()
    best = int(costs.argmin())
    return Optimum(
        objective=float(costs[best]),
        chosen=chosen_of(problem, best),
        evaluated=len(costs),
        worst_objective=float(costs.max()),
    )


def random_baseline(problem: PortfolioProblem, draws: int, seed: int) -> Baseline:
    """Return the best of `draws` random subsets, seeded per 1,024-draw block.

    Raises:
        InvalidInput: fewer than one draw was asked for.
    """
    basis = problem.basis
    ranks = np.concatenate(
        [
            block_generator("random-subsets", seed, block).integers(basis.size, size=size)
            for block, size in enumerate(block_sizes(draws))
        ]
    )
    ranks = np.unique(ranks)
    positions = positions_of(basis.masks[ranks], problem.n, problem.k)
    costs = subset_costs(positions, problem.mu, problem.sigma, problem.q)
    best = int(costs.argmin())
    return Baseline(
        objective=float(costs[best]), chosen=chosen_of(problem, int(ranks[best])), draws=draws
    )
