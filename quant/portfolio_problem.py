"""Own the portfolio problem: which k of n contracts to hold, estimated from their daily changes.

Must not import the compiled loops: who stores and plans runs needs only the values.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.subset_problem import SubsetProblem, require

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Name the dates of the first and last daily change used, and how many there are."""

    first: date
    last: date
    days: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioProblem(SubsetProblem):
    """Hold the subset problem of n contracts, the `labels`, and where its numbers come from.

    `mu` (n,) and `sigma` (n, n) are dollar values per contract already divided by `scale`, the
    mean variance in dollars², so an objective times `scale` is the unscaled one. `vintage` names
    the revision of the settlements that was read.

    Raises:
        InvalidInput: a value breaks a rule of the subset problem, or the labels are not n
            different ones, or the scale is not positive.
    """

    labels: tuple[str, ...]
    scale: float
    window: Window
    vintage: str

    def __post_init__(self) -> None:
        # a class with slots is made anew, which an empty super() does not survive
        SubsetProblem.__post_init__(self)
        n = len(self.labels)
        require(n == self.n, "labels", f"expected {self.n} of them, were {n}")
        require(len(set(self.labels)) == n, "labels", "names one twice")
        positive = bool(np.isfinite(self.scale)) and self.scale > 0
        require(positive, "scale", f"expected a positive number, was {self.scale}")

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
    require(changes.ndim == 2 and days >= 2, "changes", f"expected two days or more, was {days}")
    require(bool(np.isfinite(changes).all()), "changes", "expected finite numbers only")
    mu = changes.mean(axis=0)
    centred = changes - mu
    # einsum and not BLAS, whose sums may depend on the number of threads
    sigma = np.einsum("di,dj->ij", centred, centred) / (days - 1)
    scale = float(np.diagonal(sigma).mean())
    require(scale > 0, "changes", "expected prices that move, all changes were equal")
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
