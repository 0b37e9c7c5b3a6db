"""Own the tests of how many exceptions a value at risk had, whenever they fell."""

from dataclasses import dataclass

from scipy.special import xlog1py, xlogy
from scipy.stats import binom, chi2

from core.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """Hold a likelihood-ratio statistic, χ² with so many degrees of freedom if the model holds."""

    statistic: float
    degrees_of_freedom: int

    @property
    def p_value(self) -> float:
        return float(chi2.sf(self.statistic, self.degrees_of_freedom))

    def critical_value(self, confidence: float = 0.95) -> float:
        """Return the limit above which the model is rejected: 3.8415 or 5.9915 at 95 %."""
        return float(chi2.ppf(confidence, self.degrees_of_freedom))

    def is_rejected(self, confidence: float = 0.95) -> bool:
        """Tell whether the statistic is above its critical value."""
        return self.statistic > self.critical_value(confidence)


def kupiec(exceptions: int, observations: int, probability: float) -> LikelihoodRatio:
    """Test the proportion of failures (Kupiec 1995, equation 6).

    −2 ln[(1−p)^(T−N) p^N] + 2 ln[(1−N/T)^(T−N) (N/T)^N] with 0 ln 0 = 0, so that no exceptions
    and nothing but exceptions have a value.

    Raises:
        InvalidInput: there are no observations, more exceptions than these or fewer than none,
            or `probability` is not between 0 and 1.
    """
    _check(exceptions, observations, probability)
    successes = observations - exceptions
    rate = exceptions / observations
    assumed = xlogy(exceptions, probability) + xlog1py(successes, -probability)
    found = xlogy(exceptions, rate) + xlogy(successes, successes / observations)
    return LikelihoodRatio(statistic=max(0.0, 2.0 * float(found - assumed)), degrees_of_freedom=1)


def non_rejection_range(
    observations: int, probability: float, confidence: float = 0.95
) -> tuple[int, int]:
    """Return the least and the largest number of exceptions that `kupiec` does not reject.

    Raises:
        InvalidInput: there are no observations, or `probability` is not between 0 and 1.
    """
    _check(0, observations, probability)
    kept = [
        number
        for number in range(observations + 1)
        if not kupiec(number, observations, probability).is_rejected(confidence)
    ]
    # the statistic is 0 at N = pT and rises on both sides, but pT need not be whole
    if not kept:
        reason = f"no number of exceptions is likely at {confidence}"
        raise InvalidInput(field="confidence", reason=reason)
    return kept[0], kept[-1]


def binomial_upper_tail(exceptions: int, observations: int, probability: float) -> float:
    """Return the exact probability of so many exceptions or more.

    Raises:
        InvalidInput: as `kupiec`.
    """
    _check(exceptions, observations, probability)
    return float(binom.sf(exceptions - 1, observations, probability))


def binomial_lower_tail(exceptions: int, observations: int, probability: float) -> float:
    """Return the exact probability of so many exceptions or fewer.

    Raises:
        InvalidInput: as `kupiec`.
    """
    _check(exceptions, observations, probability)
    return float(binom.cdf(exceptions, observations, probability))


def _check(exceptions: int, observations: int, probability: float) -> None:
    if observations < 1:
        raise InvalidInput(field="observations", reason=f"expected at least 1, was {observations}")
    if not 0 <= exceptions <= observations:
        reason = f"expected 0 to {observations}, was {exceptions}"
        raise InvalidInput(field="exceptions", reason=reason)
    if not 0.0 < probability < 1.0:
        raise InvalidInput(field="probability", reason=f"expected 0 to 1, was {probability}")
