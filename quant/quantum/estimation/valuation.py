"""Own expectations over a random register, and option values made of them."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.estimation.estimators import AmplitudeEstimate, Estimator
from quant.quantum.estimation.grover import Runner
from quant.quantum.estimation.intervals import Interval
from quant.quantum.estimation.payoffs import Payoff
from quant.quantum.estimation.registers import RandomRegister

Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueEstimate:
    """Hold an expectation with its interval, the exact one, and the estimate it came from.

    `monte_carlo_error` is the standard error of a plain mean over as many classical draws as
    there were oracle calls; None if there were none.
    """

    value: float
    interval: Interval
    exact: float
    monte_carlo_error: float | None
    amplitude: AmplitudeEstimate


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionEstimate:
    """Hold the undiscounted value of an option and its delta."""

    value: ValueEstimate
    delta: ValueEstimate


def expectation(
    register: RandomRegister, values: Reals, *, estimator: Estimator, run: Runner
) -> ValueEstimate:
    """Estimate Σ pᵢ vᵢ of values (N,), scaled to 0…1 between the least and the greatest.

    Values at chances of 0 count for the scale too: they belong to the grid.

    Raises:
        InvalidInput: not one finite value for each outcome.
    """
    if values.shape != register.probabilities.shape or not np.isfinite(values).all():
        reason = f"expected {register.probabilities.shape} finite values, were {values.shape}"
        raise InvalidInput(field="values", reason=reason)
    low, high = float(values.min()), float(values.max())
    span = high - low
    fractions = np.clip((values - low) / span, 0, 1) if span > 0 else np.zeros_like(values)
    found = estimator.estimate(run(register.problem(fractions)))
    exact = float(register.probabilities @ values)
    variance = float(register.probabilities @ (values - exact) ** 2)
    calls = found.oracle_calls
    return ValueEstimate(
        value=low + span * found.amplitude,
        interval=(low + span * found.interval[0], low + span * found.interval[1]),
        exact=exact,
        monte_carlo_error=sqrt(variance / calls) if calls else None,
        amplitude=found,
    )


def option(
    register: RandomRegister, payoff: Payoff, *, estimator: Estimator, run: Runner
) -> OptionEstimate:
    """Estimate the expected payoff and the expected slope; nothing is discounted.

    For a basket the delta to one asset is its weight times this delta.
    """
    return OptionEstimate(
        value=expectation(register, payoff.values, estimator=estimator, run=run),
        delta=expectation(register, payoff.slopes, estimator=estimator, run=run),
    )
