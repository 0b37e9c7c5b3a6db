"""Own the tests of whether exceptions fell independently, alone and beside their number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from core.errors import InvalidInput
from quant.coverage.unconditional import LikelihoodRatio, kupiec

Booleans = NDArray[np.bool_]
Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """Count the pairs of consecutive days: `calm_to_exception` is an exception after none."""

    calm_to_calm: int
    calm_to_exception: int
    exception_to_calm: int
    exception_to_exception: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalCoverage:
    """Hold Kupiec's test, Christoffersen's of independence, and the joint one of both."""

    exceptions: int
    observations: int
    transitions: Transitions
    unconditional: LikelihoodRatio
    independence: LikelihoodRatio
    joint: LikelihoodRatio


def exceptions_of(pnl: Reals, value_at_risk: Reals) -> Booleans:
    """Tell on which days the loss was larger than the value at risk forecast for it.

    `pnl` (days,) are profits, `value_at_risk` (days,) losses as positive numbers, both in one
    currency; a loss as large as the value at risk is no exception.

    Raises:
        InvalidInput: shapes disagree, there is no day, or a number is not finite.
    """
    if pnl.ndim != 1 or pnl.shape != value_at_risk.shape or not pnl.size:
        reason = f"expected as many as of pnl, were {value_at_risk.shape} and {pnl.shape}"
        raise InvalidInput(field="value_at_risk", reason=reason)
    if not (np.isfinite(pnl).all() and np.isfinite(value_at_risk).all()):
        raise InvalidInput(field="pnl", reason="expected finite numbers only")
    return pnl < -value_at_risk


def transitions(exceptions: Booleans) -> Transitions:
    """Count what followed upon what, over the days (days,) but the first.

    Raises:
        InvalidInput: there is no day.
    """
    if exceptions.ndim != 1 or not exceptions.size:
        raise InvalidInput(field="exceptions", reason="expected at least one day")
    before, after = exceptions[:-1].astype(bool), exceptions[1:].astype(bool)
    return Transitions(
        calm_to_calm=int(np.count_nonzero(~before & ~after)),
        calm_to_exception=int(np.count_nonzero(~before & after)),
        exception_to_calm=int(np.count_nonzero(before & ~after)),
        exception_to_exception=int(np.count_nonzero(before & after)),
    )


def independence(counted: Transitions) -> LikelihoodRatio:
    """Test that an exception is as likely after an exception as after none.

    The likelihood of one probability against that of a first-order Markov chain (Christoffersen
    1998, section 4.2). Where one of both rows is empty, as with no exceptions, nothing but
    exceptions, or no pair of days, the chain explains nothing more, and the statistic is 0.
    """
    n00, n01 = counted.calm_to_calm, counted.calm_to_exception
    n10, n11 = counted.exception_to_calm, counted.exception_to_exception
    chain = _log_likelihood(n00, n01) + _log_likelihood(n10, n11)
    alone = _log_likelihood(n00 + n10, n01 + n11)
    return LikelihoodRatio(statistic=max(0.0, 2.0 * (chain - alone)), degrees_of_freedom=1)


def conditional_coverage(exceptions: Booleans, probability: float) -> ConditionalCoverage:
    """Test the number and the independence of exceptions (days,) together.

    The joint statistic is the sum of both, χ² with two degrees of freedom, 5.9915 at 95 %
    (Christoffersen 1998, section 4.3); that of the number counts every day, the first included.

    Raises:
        InvalidInput: there is no day, or `probability` is not between 0 and 1.
    """
    counted = transitions(exceptions)
    found, days = int(np.count_nonzero(exceptions)), exceptions.size
    number, independent = kupiec(found, days, probability), independence(counted)
    return ConditionalCoverage(
        exceptions=found,
        observations=days,
        transitions=counted,
        unconditional=number,
        independence=independent,
        joint=LikelihoodRatio(
            statistic=number.statistic + independent.statistic, degrees_of_freedom=2
        ),
    )


def _log_likelihood(zeros: int, ones: int) -> float:
    """Return the log likelihood of zeros and ones at the probability that fits them best."""
    trials = max(1, zeros + ones)
    return float(xlogy(ones, ones / trials) + xlogy(zeros, zeros / trials))
