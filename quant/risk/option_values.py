"""Own undiscounted values and derivatives of many options on futures at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Reals = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Indices = NDArray[np.int64]

_ROOT_TWO_PI = np.sqrt(2.0 * np.pi)
_LEAST_FORWARD = 1e-300
_LEAST_CURVED = 1e-6  # a third of a second at 1 % a year: what is left is a kink


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionTerms:
    """Hold what O options need beside their forwards, in arrays (O,).

    `signs` are 1 for calls and −1 for puts. `deviations` are σ√T, above 0: of logarithms where
    `lognormal`, else in price units.
    """

    signs: Reals
    strikes: Reals
    deviations: Reals
    lognormal: Booleans

    def values(self, forwards: Reals) -> Reals:
        """Return values at forwards (…, O), before discounting.

        Black-76: ±F N(±d₁) ∓ K N(±d₂), d₁,₂ = ln(F/K)/s ± s/2 (Black 1976). Where the forward is
        0 or less, its limit, the intrinsic value. Bachelier: ±(F − K) N(±d) + s φ(d),
        d = (F − K)/s (Bachelier 1900).
        """
        # for most books all options are of one model, and half the work can be left undone
        if self.lognormal.all():
            return self._lognormal(forwards)
        if not self.lognormal.any():
            return self._normal(forwards)
        return np.where(self.lognormal, self._lognormal(forwards), self._normal(forwards))

    def deltas(self, forwards: Reals) -> Reals:
        """Return first derivatives by the forward (…, O): ±N(±d₁), or ±N(±d)."""
        found: Reals = self.signs * ndtr(self.signs * self._distances(forwards))
        return found

    def gammas(self, forwards: Reals) -> Reals:
        """Return second derivatives by the forward (…, O): φ(d₁)/(F s), or φ(d)/s.

        With a deviation below 1e-6 an option is its payoff, which has a kink and no curvature: 0.
        """
        density = _density(self._distances(forwards))
        base = np.where(self.lognormal, np.maximum(forwards, _LEAST_FORWARD), 1.0)
        curved = self.deviations >= _LEAST_CURVED
        return np.asarray(np.where(curved, density / (base * self.deviations), 0.0))

    def vegas(self, forwards: Reals) -> Reals:
        """Return derivatives by the deviation (…, O): F φ(d₁), or φ(d)."""
        density = _density(self._distances(forwards))
        base = np.where(self.lognormal, np.maximum(forwards, 0.0), 1.0)
        return np.asarray(density * base)

    def _distances(self, forwards: Reals) -> Reals:
        """Return d₁ or d."""
        strikes, deviations = self.strikes, self.deviations
        ratio = np.maximum(forwards, _LEAST_FORWARD) / np.where(self.lognormal, strikes, 1.0)
        lognormal = np.log(ratio) / deviations + 0.5 * deviations
        found: Reals = np.where(self.lognormal, lognormal, (forwards - strikes) / deviations)
        return found

    def _lognormal(self, forwards: Reals) -> Reals:
        strikes, signs = np.where(self.lognormal, self.strikes, 1.0), self.signs
        positive = np.maximum(forwards, _LEAST_FORWARD)
        first = np.log(positive / strikes) / self.deviations + 0.5 * self.deviations
        second = first - self.deviations
        values = signs * (positive * ndtr(signs * first) - strikes * ndtr(signs * second))
        intrinsic = np.maximum(signs * (forwards - strikes), 0.0)
        found: Reals = np.where(forwards > 0.0, values, intrinsic)
        return found

    def _normal(self, forwards: Reals) -> Reals:
        distance = self.signs * (forwards - self.strikes)
        d = distance / self.deviations
        found: Reals = distance * ndtr(d) + self.deviations * _density(d)
        return found


def _density(d: Reals) -> Reals:
    found: Reals = np.exp(-0.5 * np.minimum(np.abs(d), 38.0) ** 2) / _ROOT_TWO_PI
    return found
