"""Own payoffs at expiry, and their undiscounted values in closed form; imports no Qiskit."""

from dataclasses import dataclass
from math import exp, log, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from core.errors import InvalidInput

Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Payoff:
    """Hold what is paid at each level (N,) and its slope there (N,).

    The expected slope is the delta to a parallel shift of the distribution; at a strike it is
    that of the side that pays.
    """

    values: Reals
    slopes: Reals


def call(levels: Reals, strike: float) -> Payoff:
    """Pay max(level − strike, 0)."""
    return Payoff(
        values=np.maximum(levels - strike, 0.0), slopes=np.where(levels >= strike, 1.0, 0.0)
    )


def put(levels: Reals, strike: float) -> Payoff:
    """Pay max(strike − level, 0)."""
    return Payoff(
        values=np.maximum(strike - levels, 0.0), slopes=np.where(levels <= strike, -1.0, 0.0)
    )


def bull_spread(levels: Reals, low_strike: float, high_strike: float) -> Payoff:
    """Pay min(max(level − low, 0), high − low): a call bought and a higher one sold.

    Raises:
        InvalidInput: the strikes do not rise.
    """
    if not low_strike < high_strike:
        reason = f"expected above {low_strike}, was {high_strike}"
        raise InvalidInput(field="high_strike", reason=reason)
    inside = (levels >= low_strike) & (levels <= high_strike)
    return Payoff(
        values=np.clip(levels - low_strike, 0.0, high_strike - low_strike),
        slopes=np.where(inside, 1.0, 0.0),
    )


def lognormal_call(*, forward: float, strike: float, volatility: float, years: float) -> float:
    """Return E[max(S − K, 0)] of a lognormal price, undiscounted (Black 1976).

    Raises:
        InvalidInput: a number is not above 0.
    """
    _require_positive(forward=forward, strike=strike, volatility=volatility, years=years)
    deviation = volatility * sqrt(years)
    upper = log(forward / strike) / deviation + deviation / 2
    return float(forward * ndtr(upper) - strike * ndtr(upper - deviation))


def normal_call(*, forward: float, strike: float, deviation: float) -> float:
    """Return E[max(S − K, 0)] of a normal price, undiscounted (Bachelier 1900).

    Raises:
        InvalidInput: the deviation is not above 0.
    """
    _require_positive(deviation=deviation)
    gap = (forward - strike) / deviation
    density = exp(-(gap**2) / 2) / sqrt(2 * pi)
    return float((forward - strike) * ndtr(gap) + deviation * density)


def _require_positive(**values: float) -> None:
    for field, value in values.items():
        if not value > 0:
            raise InvalidInput(field=field, reason=f"expected above 0, was {value}")
