"""Own what a change of the book does to its risk: trades added, or each position taken away."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.risk.exposures import Exposures
from quant.risk.historical import check_changes
from quant.risk.reports import Components, RiskReport
from quant.risk.rolling import tail_columns

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Increment:
    """Hold by how many dollars both measures rise."""

    value_at_risk: float
    expected_shortfall: float


def incremental_risk(before: RiskReport, after: RiskReport) -> Increment:
    """Return how much risk rises from one book to another, over the same scenarios.

    Reports come from one call for both books, so that they share scenarios, or are parametric.
    Unlike components, increments do not add up: what a trade adds depends on what is there.

    Raises:
        InvalidInput: the reports are of other levels, factors or numbers of scenarios.
    """
    same = (before.level, before.factors, before.scenario_count)
    if same != (after.level, after.factors, after.scenario_count):
        raise InvalidInput(field="after", reason="expected a report over the same scenarios")
    return Increment(
        value_at_risk=after.value_at_risk - before.value_at_risk,
        expected_shortfall=after.expected_shortfall - before.expected_shortfall,
    )


def removals(book: Exposures, changes: Reals, level: float) -> Components:
    """Return how much both measures rise if each position alone is taken away (P,), in dollars.

    Over scenarios of price changes (S, F), by full revaluation. Below 0: the position adds risk.

    Raises:
        InvalidInput: changes are not finite or not of the book's factors.
        HistoryTooShort: there are fewer than 1/(1 − level) scenarios.
    """
    check_changes(len(book.factors), changes)
    by_position = book.position_pnl(changes)
    whole = by_position.sum(axis=1)
    var, shortfall = tail_columns(whole[:, None], level)
    others, others_shortfall = tail_columns(whole[:, None] - by_position, level)
    return Components(value_at_risk=others - var, expected_shortfall=others_shortfall - shortfall)
