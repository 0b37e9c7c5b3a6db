"""Own the history of a book's risk factors: price changes of what lay as far ahead as it lies now.

A contract has no long past, so its factor is the position on the curve that it holds today; the
change of a position on a day is that of the contract held there (`quant.continuous.held_changes`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, UnknownInstrument
from core.market import Instrument
from quant.calendars import front_month
from quant.continuous import SettlementHistory, held_changes

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactorHistory:
    """Hold changes (days, F) of factors in points, and on which days they happened (days,).

    `left_out` days are missing, on which all products settled but a price was not known; `missing`
    (F,) counts them by factor. On `uncommon` days some products settled and others did not.
    """

    factors: tuple[Instrument, ...]
    dates: tuple[date, ...]
    changes: Reals
    left_out: int
    missing: tuple[int, ...]
    uncommon: tuple[date, ...]

    def latest(self, days: int) -> "FactorHistory":
        """Return the last changes, at most `days` of them; what was missing before stays told."""
        return replace(self, dates=self.dates[-days:], changes=self.changes[-days:])


def curve_position(instrument: Instrument, as_of: date) -> int:
    """Return the position of a contract on its curve, 1 being the nearest that still trades.

    Raises:
        UnknownInstrument: it trades no more.
        UnknownProduct: its product is not in the registry.
    """
    front, month = front_month(instrument.product, as_of), instrument.contract_month
    position = (month.year - front.year) * 12 + month.month - front.month + 1
    if position < 1:
        raise UnknownInstrument(instrument=str(instrument), reason=f"it traded before {as_of}")
    return position


def factor_changes(
    factors: Sequence[Instrument], histories: Mapping[str, SettlementHistory], as_of: date
) -> FactorHistory:
    """Return the history of factors up to a day, by product, over the days common to all.

    A day's change is from the common day before, so that a holiday of one exchange puts two days'
    changes into one of all. Days on which a price of any factor is missing are left out and
    counted; the last position of a history misses one whenever its curve rolls.

    Raises:
        UnknownInstrument: a product has no history, or a contract lies beyond its positions or
            trades no more.
        HistoryTooShort: fewer than two days are common.
    """
    places = [(factor.product, _place(factor, histories, as_of)) for factor in factors]
    products = sorted({product for product, _ in places})
    common = _common_dates([histories[product].dates for product in products], as_of)
    if len(common) < 2:
        raise HistoryTooShort(subject="a change of all factors", needed=2, found=len(common))
    by_product = {
        product: _held(histories[product], common, [at for code, at in places if code == product])
        for product in products
    }
    changes = np.column_stack([by_product[product][:, at - 1] for product, at in places])
    is_known = np.isfinite(changes)
    known = np.flatnonzero(is_known.all(axis=1))
    return FactorHistory(
        factors=tuple(factors),
        dates=tuple(common[row + 1] for row in known.tolist()),
        changes=np.ascontiguousarray(changes[known]),
        left_out=len(changes) - len(known),
        missing=tuple(np.count_nonzero(~is_known, axis=0).tolist()),
        uncommon=_uncommon([histories[product].dates for product in products], common),
    )


def _place(factor: Instrument, histories: Mapping[str, SettlementHistory], as_of: date) -> int:
    position = curve_position(factor, as_of)
    if factor.product not in histories:
        reason = f"there is no history of {factor.product}"
        raise UnknownInstrument(instrument=str(factor), reason=reason)
    columns = histories[factor.product].settlements.shape[1]
    if position > columns:
        reason = f"it is at position {position} of a history of {columns}"
        raise UnknownInstrument(instrument=str(factor), reason=reason)
    return position


def _common_dates(calendars: list[tuple[date, ...]], as_of: date) -> list[date]:
    if not calendars:
        return []
    common = set(calendars[0]).intersection(*calendars[1:])
    return sorted(day for day in common if day <= as_of)


def _uncommon(calendars: list[tuple[date, ...]], common: list[date]) -> tuple[date, ...]:
    found = set().union(*calendars).difference(common)
    return tuple(sorted(day for day in found if common[0] < day < common[-1]))


def _held(history: SettlementHistory, common: list[date], positions: list[int]) -> Reals:
    row_of = {day: row for row, day in enumerate(history.dates)}
    rows = history.settlements[[row_of[day] for day in common]]
    return held_changes(history.product, common, rows, max(positions))
