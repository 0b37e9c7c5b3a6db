"""Own value at risk and tail means of a loss over a random register."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.estimation.estimators import AmplitudeEstimate, Estimator
from quant.quantum.estimation.grover import Runner
from quant.quantum.estimation.intervals import Interval
from quant.quantum.estimation.registers import RandomRegister
from quant.quantum.estimation.valuation import ValueEstimate, expectation

Reals = NDArray[np.float64]

# a sum of chances may fall short of a level that it equals by rounding alone
LEVEL_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """Hold one risk figure, its interval and its exact classical value."""

    value: float
    interval: Interval
    exact: float


@dataclass(frozen=True, kw_only=True, slots=True)
class CumulativeStep:
    """Hold one step of the bisection: P(L ≤ loss)."""

    loss: float
    probability: AmplitudeEstimate


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskEstimate:
    """Hold the risk figures of a loss L at a level such as 0.95.

    Value at risk is the least loss x with P(L ≤ x) ≥ level; the tail mean is E[L | L > VaR], and
    VaR itself if nothing lies beyond; expected shortfall is VaR + E[(L − VaR)⁺]/(1 − level)
    (Rockafellar and Uryasev 2000). The intervals hold jointly with 1 − alpha of the estimator
    (Bonferroni), those of the tail given the value at risk found.
    """

    level: float
    expected_loss: ValueEstimate
    value_at_risk: Figure
    tail_mean: Figure
    expected_shortfall: Figure
    excess: ValueEstimate
    steps: tuple[CumulativeStep, ...]
    shots: int
    oracle_calls: int
    seed: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tail:
    value_at_risk: float
    beyond: float
    excess: float


def cumulative(
    register: RandomRegister, losses: Reals, loss: float, *, estimator: Estimator, run: Runner
) -> AmplitudeEstimate:
    """Estimate P(L ≤ loss) of losses (N,), one for each outcome of the register."""
    _check_losses(register, losses)
    return estimator.estimate(run(register.problem(np.where(losses <= loss, 1.0, 0.0))))


def risk(
    register: RandomRegister, losses: Reals, *, level: float, estimator: Estimator, run: Runner
) -> RiskEstimate:
    """Estimate expected loss, value at risk by bisection over P(L ≤ x), and the tail beyond it.

    Raises:
        InvalidInput: level outside 0…1, or not one finite loss for each outcome.
    """
    _check_losses(register, losses)
    if not 0 < level < 1:
        raise InvalidInput(field="level", reason=f"expected between 0 and 1, was {level}")
    support = np.unique(losses)
    questions = (len(support) - 1).bit_length() + 2
    careful = estimator.at(estimator.alpha / questions)
    expected_loss = expectation(register, losses, estimator=careful, run=run)
    place, steps = _bisect(register, losses, support, level, careful, run)
    value_at_risk = float(support[place])
    excess = expectation(
        register, np.maximum(losses - value_at_risk, 0.0), estimator=careful, run=run
    )
    exact = _exact_tail(register.probabilities, losses, support, level)
    runs = [expected_loss.amplitude, excess.amplitude, *(step.probability for step in steps)]
    return RiskEstimate(
        level=level,
        expected_loss=expected_loss,
        value_at_risk=Figure(
            value=value_at_risk,
            interval=_bounds(support, steps, level),
            exact=exact.value_at_risk,
        ),
        tail_mean=_tail_mean(support, value_at_risk, steps, excess, exact),
        expected_shortfall=Figure(
            value=value_at_risk + excess.value / (1 - level),
            interval=(
                value_at_risk + excess.interval[0] / (1 - level),
                value_at_risk + excess.interval[1] / (1 - level),
            ),
            exact=exact.value_at_risk + exact.excess / (1 - level),
        ),
        excess=excess,
        steps=steps,
        shots=sum(each.shots for each in runs),
        oracle_calls=sum(each.oracle_calls for each in runs),
        seed=expected_loss.amplitude.seed,
    )


def _bisect(
    register: RandomRegister,
    losses: Reals,
    support: Reals,
    level: float,
    estimator: Estimator,
    run: Runner,
) -> tuple[int, tuple[CumulativeStep, ...]]:
    below, place = -1, len(support) - 1
    steps = []
    while place - below > 1:
        middle = (below + place) // 2
        loss = float(support[middle])
        found = cumulative(register, losses, loss, estimator=estimator, run=run)
        steps.append(CumulativeStep(loss=loss, probability=found))
        if found.amplitude >= level - LEVEL_TOLERANCE:
            place = middle
        else:
            below = middle
    return place, tuple(steps)


def _bounds(support: Reals, steps: tuple[CumulativeStep, ...], level: float) -> Interval:
    """Return the losses that the intervals of the steps leave possible."""
    limit = level - LEVEL_TOLERANCE
    short = [step.loss for step in steps if step.probability.interval[1] < limit]
    enough = [step.loss for step in steps if step.probability.interval[0] >= limit]
    low = support[np.searchsorted(support, max(short), side="right")] if short else support[0]
    return float(low), float(min(enough, default=support[-1]))


def _tail_mean(
    support: Reals,
    value_at_risk: float,
    steps: tuple[CumulativeStep, ...],
    excess: ValueEstimate,
    exact: _Tail,
) -> Figure:
    found = [step.probability for step in steps if step.loss == value_at_risk]
    beyond = 1 - found[0].amplitude if found else 0.0
    fewest, most = (1 - found[0].interval[1], 1 - found[0].interval[0]) if found else (0.0, 0.0)
    room = float(support[-1]) - value_at_risk

    def mean(part: float, chance: float) -> float:
        return value_at_risk + min(part / chance, room) if chance > 0 else value_at_risk

    return Figure(
        value=mean(excess.value, beyond),
        interval=(
            mean(excess.interval[0], most),
            mean(excess.interval[1], fewest) if fewest > 0 else value_at_risk + room,
        ),
        exact=exact.value_at_risk + (exact.excess / exact.beyond if exact.beyond > 0 else 0.0),
    )


def _exact_tail(probabilities: Reals, losses: Reals, support: Reals, level: float) -> _Tail:
    reached = [float(probabilities[losses <= loss].sum()) for loss in support[:-1]]
    place = next(
        (i for i, chance in enumerate(reached) if chance >= level - LEVEL_TOLERANCE),
        len(support) - 1,
    )
    value_at_risk = float(support[place])
    return _Tail(
        value_at_risk=value_at_risk,
        beyond=float(probabilities[losses > value_at_risk].sum()),
        excess=float(probabilities @ np.maximum(losses - value_at_risk, 0.0)),
    )


def _check_losses(register: RandomRegister, losses: Reals) -> None:
    if losses.shape != register.probabilities.shape or not np.isfinite(losses).all():
        reason = f"expected {register.probabilities.shape} finite values, were {losses.shape}"
        raise InvalidInput(field="losses", reason=reason)
