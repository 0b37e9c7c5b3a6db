"""Own the risk of books by whichever method is asked for, over past changes of their factors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelNotApplicable
from core.forecasts import ModelNote
from core.risk import RiskMethod, RiskQuestion
from quant.risk.aggregation import Aggregate, Revaluation, aggregate
from quant.risk.bootstrap import block_bootstrap
from quant.risk.covariance import (
    RISKMETRICS_DECAY,
    ewma_covariance,
    sample_covariance,
    shrink,
    shrinkage_intensity,
)
from quant.risk.exposures import Exposures
from quant.risk.factor_history import FactorHistory
from quant.risk.filtering import BURN_IN_DAYS, ewma_volatility, filtered_changes
from quant.risk.historical import historical_pnl, historical_risk
from quant.risk.monte_carlo import Scenarios, Simulation, elliptical, simulate, simulated_risk
from quant.risk.parametric import parametric_risk
from quant.risk.reports import RiskReport

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """Hold the risk of B books at each level, over the same scenarios.

    `reports` are by level, then by book. `profits` (B, S) are those of all scenarios, None where
    there are none; `days` of past changes were learnt from.
    """

    reports: tuple[tuple[RiskReport, ...], ...]
    profits: Reals | None
    days: int
    notes: tuple[ModelNote, ...]


def measured(
    books: Sequence[Exposures], history: FactorHistory, question: RiskQuestion, *, threads: int = 1
) -> Measured:
    """Measure books over factors whose changes are the columns of a history.

    Raises:
        HistoryTooShort: there are too few days, or scenarios for a level.
        ModelNotApplicable: changes cannot be filtered, as a price did not move for long.
        InvalidInput: books are of other factors.
    """
    if question.method is RiskMethod.PARAMETRIC:
        return _parametric(books, history, question)
    together = aggregate(books, Revaluation(question.revaluation))
    if is_simulated(question):
        simulation, notes = simulation_of(together, history, question)
        profits = simulate(simulation, range(simulation.blocks), threads=threads)
        return Measured(
            reports=tuple(simulated_risk(simulation, profits, level) for level in question.levels),
            profits=profits.pnl,
            days=len(history.dates),
            notes=notes,
        )
    changes = scenario_changes(history, question)
    return Measured(
        reports=tuple(
            historical_risk(together, changes, level, threads=threads) for level in question.levels
        ),
        profits=historical_pnl(together, changes, threads=threads)[0],
        days=len(changes),
        notes=_standing(books),
    )


def is_simulated(question: RiskQuestion) -> bool:
    """Tell whether scenarios are drawn: by Monte Carlo, or as paths of several past days."""
    if question.method is RiskMethod.PARAMETRIC:
        return False
    return question.method is RiskMethod.MONTE_CARLO or question.horizon_days > 1


def simulation_of(
    together: Aggregate, history: FactorHistory, question: RiskQuestion
) -> tuple[Simulation, tuple[ModelNote, ...]]:
    """Return the simulation that a question asks for, and what is to be known about it.

    Raises:
        HistoryTooShort, ModelNotApplicable, InvalidInput: as `measured`.
    """
    scenarios: Scenarios
    if question.method is RiskMethod.MONTE_CARLO:
        covariance, notes = covariance_of(history, question)
        scenarios = elliptical(
            together,
            covariance,
            degrees_of_freedom=question.degrees_of_freedom,
            horizon_days=question.horizon_days,
        )
    else:
        changes = scenario_changes(history, question)
        block = min(question.block_days, question.horizon_days, len(changes))
        scenarios = block_bootstrap(
            together, changes, horizon_days=question.horizon_days, block_days=block
        )
        detail = (
            f"paths of {question.horizon_days} days are drawn in blocks of {block} from "
            f"{len(changes)} days; the errors are of the drawing, not of so short a past"
        )
        notes = (ModelNote(code="drawn-from-past-days", detail=detail),)
    simulation = Simulation(scenarios=scenarios, paths=question.paths, seed=question.seed)
    return simulation, notes + _held_still(bool(len(together.optioned)))


def scenario_changes(history: FactorHistory, question: RiskQuestion) -> Reals:
    """Return past changes as scenarios (S, F): as they were, or as large as they would be today.

    Raises:
        HistoryTooShort: filtering leaves no day.
        ModelNotApplicable: a factor did not move for so long that it has no volatility.
    """
    if question.method is not RiskMethod.FILTERED:
        return history.changes
    decay = question.decay or RISKMETRICS_DECAY
    volatility = ewma_volatility(history.changes, decay=decay)
    if not (volatility > 0.0).all():
        still = history.factors[int(np.argmin(volatility.min(axis=0)))]
        reason = f"{still} did not move for weeks; use the method historical"
        raise ModelNotApplicable(model="filtered historical simulation", reason=reason)
    return filtered_changes(history.changes[BURN_IN_DAYS:], volatility[:-1], volatility[-1])


def covariance_of(
    history: FactorHistory, question: RiskQuestion
) -> tuple[Reals, tuple[ModelNote, ...]]:
    """Return the covariance (F, F) of daily changes, and how it was estimated.

    Correlations are shrunk where there are no more days than factors.

    Raises:
        HistoryTooShort: there are too few days.
    """
    changes = history.changes
    days, size = changes.shape
    if question.decay is None:
        covariance, weights = sample_covariance(changes), "all alike"
    else:
        covariance, weights = ewma_covariance(changes, question.decay), f"decay {question.decay:g}"
    detail = f"of {days} days, {weights}"
    if days <= size:
        intensity = shrinkage_intensity(changes)
        covariance = shrink(covariance, intensity)
        detail += f", for {size} factors; correlations are {intensity:.0%} lower (Schäfer-Strimmer)"
    return covariance, (ModelNote(code="covariance", detail=detail),)


def _parametric(
    books: Sequence[Exposures], history: FactorHistory, question: RiskQuestion
) -> Measured:
    covariance, notes = covariance_of(history, question)
    if any(len(book.option_dollars) for book in books):
        detail = "options count by their delta alone; Monte Carlo revalues them"
        notes += (ModelNote(code="delta-only", detail=detail),)
    return Measured(
        reports=tuple(
            tuple(
                parametric_risk(
                    book,
                    covariance,
                    level,
                    degrees_of_freedom=question.degrees_of_freedom,
                    horizon_days=question.horizon_days,
                )
                for book in books
            )
            for level in question.levels
        ),
        profits=None,
        days=len(history.dates),
        notes=notes,
    )


def _standing(books: Sequence[Exposures]) -> tuple[ModelNote, ...]:
    return _held_still(any(len(book.option_dollars) for book in books))


def _held_still(has_options: bool) -> tuple[ModelNote, ...]:
    detail = "volatilities and time stand still while prices move"
    return (ModelNote(code="volatilities-stand-still", detail=detail),) if has_options else ()
