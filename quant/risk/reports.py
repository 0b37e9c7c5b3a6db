"""Own the answer to how much a book may lose, and its split into parts that add up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.market import Instrument
from quant.risk.aggregation import Aggregate, Revaluation
from quant.risk.exposures import sums_at
from quant.risk.kernels.evaluation import average_kinds
from quant.risk.tails import Tail

Reals = NDArray[np.float64]

_SMOOTHING_MAY_MOVE = 2.0
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Components:
    """Hold parts of both measures, in dollars: positive parts add to the risk."""

    value_at_risk: Reals
    expected_shortfall: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskReport:
    """Hold what a book of P positions on F factors may lose at a confidence level, in dollars.

    Losses are positive. `by_position` (P,) and `by_factor` (F,) add up to the measures. `marginal`
    (F,) is what one dollar per point of a factor more would add, per dollar. Errors are standard
    errors of the sampling, 0 where nothing was sampled. In `floored_scenarios` of
    `scenario_count` a price under Black-76 fell to 0 or below, where its options are worth what
    they would pay.
    """

    level: float
    value_at_risk: float
    expected_shortfall: float
    value_at_risk_error: float
    expected_shortfall_error: float
    labels: tuple[str, ...]
    factors: tuple[Instrument, ...]
    by_position: Components
    by_factor: Components
    marginal: Components
    scenario_count: int
    floored_scenarios: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TailMeans:
    """Hold means under the weights of a tail (3, …): what its scenarios change on average.

    `changes` (3, F) of prices; `curved` (3, kinds) of kinds of calls, or under delta-gamma (3, N)
    of squared changes of coordinates.
    """

    changes: Reals
    curved: Reals


def tail_means(aggregate: Aggregate, scenarios: Reals, weights: Reals, changes: Reals) -> TailMeans:
    """Average over scenarios (K, m) with weights (3, K), mean price changes (3, F) being known."""
    terms = aggregate.terms
    kinds = np.zeros((len(weights), len(terms.strikes)))
    squares = np.zeros((len(weights), len(terms.forwards)))
    average_kinds(terms, scenarios, np.ascontiguousarray(weights), kinds, squares)
    full = aggregate.revaluation is Revaluation.FULL
    return TailMeans(changes=changes, curved=kinds if full else squares)


def report(
    aggregate: Aggregate, book: int, tail: Tail, means: TailMeans, floored: int
) -> RiskReport:
    """Split the measures of a book: a part is what it loses on average where the book does.

    This is Euler's allocation (Tasche 1999, Risk contributions and performance measurement): the
    derivative of the measure by the size of the part. Of value at risk it is a mean at one
    scenario, which is too rough; so the neighbourhood of that is averaged and scaled to add up
    (Epperlein and Smillie 2006), unless that moves the sum by a factor of two. Where parts cancel
    to rounding, as of a hedge, nothing is scaled.
    """
    by_position = _losses(aggregate, book, means, by_factor=False)
    by_factor = _losses(aggregate, book, means, by_factor=True)
    smoothed = _ratio(tail.value_at_risk, by_position[0])
    rough = not 1.0 / _SMOOTHING_MAY_MOVE <= smoothed <= _SMOOTHING_MAY_MOVE
    row = 1 if rough else 0
    scales = (
        _ratio(tail.value_at_risk, by_position[row]),
        _ratio(tail.expected_shortfall, by_position[2]),
    )

    def components(losses: Reals) -> Components:
        return Components(
            value_at_risk=losses[row] * scales[0], expected_shortfall=losses[2] * scales[1]
        )

    return RiskReport(
        level=tail.level,
        value_at_risk=tail.value_at_risk,
        expected_shortfall=tail.expected_shortfall,
        value_at_risk_error=tail.value_at_risk_error,
        expected_shortfall_error=tail.expected_shortfall_error,
        labels=aggregate.labels[book],
        factors=aggregate.factors,
        by_position=components(by_position),
        by_factor=components(by_factor),
        marginal=components(-means.changes),
        scenario_count=tail.scenario_count,
        floored_scenarios=floored,
    )


def _losses(aggregate: Aggregate, book: int, means: TailMeans, *, by_factor: bool) -> Reals:
    """Return mean losses (3, P) by position, or (3, F) by factor."""
    part = aggregate.parts[book]
    lines = part.line_factors if by_factor else part.line_positions
    curves = part.curved_factors if by_factor else part.curved_positions
    size = len(aggregate.factors) if by_factor else len(aggregate.labels[book])
    return 0.0 - np.array(
        [
            sums_at(lines, part.line_dollars * changes[part.line_factors], size)
            + sums_at(curves, part.curved_dollars * curved[part.curved_places], size)
            for changes, curved in zip(means.changes, means.curved, strict=True)
        ]
    )


def _ratio(wanted: float, parts: Reals) -> float:
    # with no risk there is nothing to scale, and the ratio of two roundings may be anything
    found = float(parts.sum())
    return wanted / found if abs(found) > _ROUNDING * float(np.abs(parts).sum()) else 1.0
