"""Own the way from a price back to a volatility: bounds first, then the root in logarithms.

What is inverted is the time value, which is the price of the option out of the money of the same
strike: near intrinsic that keeps every digit the price still has.
"""

import sys
from collections.abc import Callable
from math import exp, log

from scipy.optimize import brentq

from core.errors import InvalidInput
from quant.options.terms import Option, check_finite, intrinsic_value

_NOISE = 4.0 * sys.float_info.epsilon
_SMALLEST_LOG = log(sys.float_info.min)


def time_value(option: Option, *, forward: float, undiscounted: float) -> float:
    """Return what an undiscounted price holds above its intrinsic value.

    Raises:
        InvalidInput: the price is not above its lower bound by more than rounding, so that no
            volatility gives it.
    """
    check_finite("price", undiscounted)
    intrinsic = intrinsic_value(option.kind, forward, option.strike)
    left = undiscounted - intrinsic
    if left <= max(_NOISE * intrinsic, sys.float_info.min):
        reason = (
            f"expected above {intrinsic:g}, its intrinsic value, before discounting, was "
            f"{undiscounted:.15g}: no volatility gives it"
        )
        raise InvalidInput(field="price", reason=reason)
    return left


def solve_deviation(
    value_at: Callable[[float], float], target: float, low: float, high: float
) -> float:
    """Return the deviation (σ√T) between `low` and `high` whose value is `target`.

    `value_at` must rise from below the target to above it. The root is found by Brent's method on
    the logarithms of both, since far out of the money values span hundreds of decades.
    """
    wanted = log(target)

    def miss(log_deviation: float) -> float:
        value = value_at(exp(log_deviation))
        return (log(value) if value > sys.float_info.min else _SMALLEST_LOG) - wanted

    root: float = brentq(miss, log(low), log(high), xtol=1e-15, rtol=_NOISE, maxiter=500)
    return exp(root)
