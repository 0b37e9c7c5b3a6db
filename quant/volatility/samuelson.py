"""Own the term structure of volatility: futures move more the nearer they are to delivery."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.volatility.samuelson_kernels import fit_at

Reals = NDArray[np.float64]

_DECAYS = np.geomspace(0.05, 50.0, 61)  # a year: half-lives of fourteen years to five days
_REFINEMENTS = 5
_FINER = 21  # between two neighbours of the best: a tenth of the step, with the best in the middle


@dataclass(frozen=True, slots=True, kw_only=True)
class SamuelsonCurve:
    """Hold σ(τ) = σ∞ + (σ₀ − σ∞)e^(−κτ), volatility at τ years before the last trade date.

    An exponential approach to a floor, after Samuelson (1965), who showed that volatility rises
    towards delivery where spot prices revert. σ is in price units per square root of a day, or
    whatever unit the fitted volatilities had; `decay` κ is per year. A curve that rises with τ is
    held as well (σ₀ < σ∞).

    Raises:
        InvalidInput: a volatility is negative, κ is not above 0, or a number is not finite.
    """

    long_run: float
    at_expiry: float
    decay: float

    def __post_init__(self) -> None:
        if not np.isfinite([self.long_run, self.at_expiry, self.decay]).all():
            raise InvalidInput(field="curve", reason="expected finite numbers only")
        if self.long_run < 0.0 or self.at_expiry < 0.0 or self.decay <= 0.0:
            reason = "expected volatilities of at least 0 and a decay above 0"
            raise InvalidInput(field="curve", reason=reason)

    def volatilities(self, years: Reals) -> Reals:
        """Return the volatility at each time to expiry, in years.

        Raises:
            InvalidInput: a time is negative or not finite.
        """
        if not (np.isfinite(years).all() and (years >= 0.0).all()):
            raise InvalidInput(field="years", reason="expected finite numbers of at least 0")
        return self.long_run + (self.at_expiry - self.long_run) * np.exp(-self.decay * years)

    def average(self, start: float, end: float) -> float:
        """Return the root mean square volatility of a contract between two times to expiry.

        ∫σ² over τ from `end` to `start`, both in years, is in closed form; equal times give σ.

        Raises:
            InvalidInput: `end` is negative or after `start`.
        """
        if not 0.0 <= end <= start:
            raise InvalidInput(field="years", reason=f"expected 0 ≤ {end} ≤ {start}")
        if start == end:
            return float(self.volatilities(np.array([start]))[0])
        floor, excess, span = self.long_run, self.at_expiry - self.long_run, start - end
        first = -np.expm1(-self.decay * span) * np.exp(-self.decay * end) / self.decay
        second = -np.expm1(-2 * self.decay * span) * np.exp(-2 * self.decay * end) / 2 / self.decay
        square = floor**2 + (2.0 * floor * excess * first + excess**2 * second) / span
        return float(np.sqrt(square))


def fit_samuelson(years: Reals, volatilities: Reals) -> SamuelsonCurve:
    """Fit the curve to volatilities (maturities,) at times to expiry in years, least squares.

    For each κ the rest is linear with both volatilities at least 0; κ is searched in 0.05…50.
    Flat volatilities fit with any κ: rounding decides which of them is returned.

    Raises:
        InvalidInput: shapes disagree, or a number is negative or not finite.
        HistoryTooShort: there are fewer than three different times.
    """
    if years.ndim != 1 or years.shape != volatilities.shape:
        reason = f"expected shape {years.shape}, was {volatilities.shape}"
        raise InvalidInput(field="volatilities", reason=reason)
    for field, values in (("years", years), ("volatilities", volatilities)):
        if not (np.isfinite(values).all() and (values >= 0.0).all()):
            raise InvalidInput(field=field, reason="expected finite numbers of at least 0")
    different = len(np.unique(years))
    if different < 3:
        raise HistoryTooShort(subject="Samuelson curve", needed=3, found=different)

    decays = _DECAYS
    for _ in range(_REFINEMENTS):
        best = int(np.argmin(_fitted(decays, years, volatilities)[1]))
        lowest, highest = decays[max(0, best - 1)], decays[min(len(decays) - 1, best + 1)]
        decays = np.geomspace(lowest, highest, _FINER)
    found, apart = _fitted(decays, years, volatilities)
    best = int(np.argmin(apart))
    long_run, at_expiry = found[best].tolist()
    return SamuelsonCurve(long_run=long_run, at_expiry=at_expiry, decay=float(decays[best]))


def _fitted(decays: Reals, years: Reals, volatilities: Reals) -> tuple[Reals, Reals]:
    """Return by decay (decays, 2) the best volatilities of at least 0, and how far off they are."""
    found, apart = np.empty((decays.size, 2)), np.empty(decays.size)
    fit_at(decays, years, volatilities, found, apart)
    return found, apart
