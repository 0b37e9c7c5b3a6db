"""Own the choice of hedges for a given exposure: k of n instruments of fixed sizes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.basis import Basis
from quant.subset_problem import SubsetProblem

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HedgeProblem:
    """Choose k of n hedges: minimise q·Var(exposure + Σ hedges) + Σ costs.

    `exposure_variance` is the exposure's own, `covariances` (n,) are those of the exposure with
    each hedge at its size and sign, `sigma` (n, n) those of the hedges among each other, and
    `hedge_costs` (n,) what each takes to put on. All in one currency and its square.

    Raises:
        InvalidInput: shapes disagree, sigma is not symmetric, a number is not finite, the
            exposure's variance or q is negative, or k is outside 1…n−1.
    """

    exposure_variance: float
    covariances: Reals
    sigma: Reals
    hedge_costs: Reals
    q: float
    k: int

    def __post_init__(self) -> None:
        shape = self.hedge_costs.shape
        if self.covariances.shape != shape:
            reason = f"expected shape {shape}, was {self.covariances.shape}"
            raise InvalidInput(field="covariances", reason=reason)
        for field in ("exposure_variance", "q"):
            value = getattr(self, field)
            if not (np.isfinite(value) and value >= 0.0):
                raise InvalidInput(field=field, reason=f"expected at least 0, was {value}")
        for field in ("covariances", "hedge_costs"):
            if not np.isfinite(getattr(self, field)).all():
                raise InvalidInput(field=field, reason="expected finite numbers only")
        self.subset_problem()

    @property
    def n(self) -> int:
        return len(self.hedge_costs)

    @property
    def basis(self) -> Basis:
        """Return the subsets of k hedges in colexicographic order."""
        return Basis(self.n, self.k)

    @property
    def offset(self) -> float:
        """Return the part of the objective that no choice changes: q times the exposure's."""
        return self.q * self.exposure_variance

    def subset_problem(self) -> SubsetProblem:
        """Return the choice as q·xᵀΣx − μᵀx, which is the objective less the offset.

        Var = v + 2cᵀx + xᵀΣx, so μ = −2qc − costs.
        """
        mu = -2.0 * self.q * self.covariances - self.hedge_costs
        return SubsetProblem(mu=mu, sigma=self.sigma, q=self.q, k=self.k)

    def costs(self) -> Reals:
        """Return the objective of every subset (C(n, k),)."""
        return self.subset_problem().costs() + self.offset

    def residual_variance(self, chosen: tuple[int, ...]) -> float:
        """Return what variance is left of the exposure with the hedges `chosen` put on."""
        members = list(chosen)
        hedges = float(self.sigma[np.ix_(members, members)].sum())
        return self.exposure_variance + 2.0 * float(self.covariances[members].sum()) + hedges

    def effectiveness(self, chosen: tuple[int, ...]) -> float:
        """Return the share of the exposure's variance that the hedges take away.

        Raises:
            InvalidInput: the exposure has no variance.
        """
        if self.exposure_variance == 0.0:
            raise InvalidInput(field="exposure_variance", reason="expected above 0, was 0")
        return 1.0 - self.residual_variance(chosen) / self.exposure_variance


def minimum_variance_sizes(exposure: Reals, changes: Reals, k: int) -> Reals:
    """Return the signed size (n,) of each hedge if k of them share the exposure.

    A k-th part of what the hedge would take alone, −Cov(e, rᵢ)/Var(rᵢ), with the exposure's
    changes e (days,) and those of one unit of each instrument r (days, n). An instrument that
    never moves gets 0.

    Raises:
        InvalidInput: the days disagree or are fewer than two, a number is not finite, or k < 1.
    """
    _check_changes(exposure, changes)
    if k < 1:
        raise InvalidInput(field="k", reason=f"expected at least 1, was {k}")
    covariances, sigma = _moments(exposure, changes)
    variances = np.diagonal(sigma)
    # not by the variance: a mean of equal numbers is not always that number
    moving = np.ptp(changes, axis=0) > 0.0
    return np.where(moving, -covariances / np.where(moving, variances, 1.0), 0.0) / k


def build_hedge_problem(
    *, exposure: Reals, changes: Reals, sizes: Reals, hedge_costs: Reals, q: float, k: int
) -> HedgeProblem:
    """Estimate a problem from daily changes: `exposure` (days,), `changes` (days, n) per unit.

    `sizes` (n,) are signed units of each instrument. Covariances are those of the sample (ddof 1).

    Raises:
        InvalidInput: shapes disagree, fewer than two days, or a number is not finite.
    """
    _check_changes(exposure, changes)
    if sizes.shape != changes.shape[1:]:
        reason = f"expected shape {changes.shape[1:]}, was {sizes.shape}"
        raise InvalidInput(field="sizes", reason=reason)
    if not np.isfinite(sizes).all():
        raise InvalidInput(field="sizes", reason="expected finite numbers only")
    covariances, sigma = _moments(exposure, changes * sizes)
    return HedgeProblem(
        exposure_variance=float(exposure.var(ddof=1)),
        covariances=covariances,
        sigma=sigma,
        hedge_costs=hedge_costs,
        q=q,
        k=k,
    )


def _moments(exposure: Reals, changes: Reals) -> tuple[Reals, Reals]:
    """Return the covariances with the exposure (n,), and among each other (n, n)."""
    away, centred = exposure - exposure.mean(), changes - changes.mean(axis=0)
    days = len(exposure) - 1
    # einsum and not BLAS, whose sums may depend on the number of threads
    return (
        np.einsum("d,di->i", away, centred) / days,
        np.einsum("di,dj->ij", centred, centred) / days,
    )


def _check_changes(exposure: Reals, changes: Reals) -> None:
    days = len(exposure)
    if exposure.ndim != 1 or changes.ndim != 2 or len(changes) != days or days < 2:
        reason = f"expected two days or more of each, were {exposure.shape} and {changes.shape}"
        raise InvalidInput(field="changes", reason=reason)
    for field, values in (("exposure", exposure), ("changes", changes)):
        if not np.isfinite(values).all():
            raise InvalidInput(field=field, reason="expected finite numbers only")
