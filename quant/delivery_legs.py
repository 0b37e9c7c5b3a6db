"""Own prices of several products for one delivery month: what a spark spread is made of.

By position alone power and gas would be of different months, since gas stops trading before the
month that power is traded through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import ContractMonth
from quant.continuous import front_indices
from quant.contract_history import ContractHistory

Reals = NDArray[np.float64]

_DECEMBER = 11


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeliveryLeg:
    """Hold the prices (dates,) of one product, each of its own month; nan is missing."""

    product: str
    months: tuple[ContractMonth, ...]
    prices: Reals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeliveryLegs:
    """Hold the legs on every date on which one of them settled, in the order of the histories."""

    dates: tuple[date, ...]
    legs: tuple[DeliveryLeg, ...]


def legs_by_delivery(
    histories: Sequence[ContractHistory],
    position: int,
    *,
    yearly: ContractHistory | None = None,
) -> DeliveryLegs:
    """Return the prices of the `position`-th month that all products trade, on each date.

    Month 1 is the nearest of which every product has a contract that still trades. Of `yearly`,
    the last leg if given, it is the contract of December of that month's year, as carbon is held.

    Raises:
        InvalidInput: the position is below 1, or there is no history.
    """
    if position < 1 or not histories:
        reason = f"expected a position from 1 on and histories, was {position}"
        raise InvalidInput(field="positions", reason=reason)
    every = (*histories, yearly) if yearly is not None else tuple(histories)
    dates = tuple(sorted({day for one in every for day in one.dates}))
    fronts = np.max([front_indices(one.product, dates) for one in histories], axis=0)
    months = fronts + position - 1
    legs = [_leg(one, dates, months) for one in histories]
    if yearly is not None:
        legs.append(_leg(yearly, dates, months // 12 * 12 + _DECEMBER))
    return DeliveryLegs(dates=dates, legs=tuple(legs))


def _leg(history: ContractHistory, dates: Sequence[date], months: NDArray[np.int64]) -> DeliveryLeg:
    row_of = {day: row for row, day in enumerate(history.dates)}
    column_of = {month: column for column, month in enumerate(history.contract_months)}
    named = [ContractMonth(month // 12, month % 12 + 1) for month in months.tolist()]
    prices = np.full(len(dates), np.nan)
    for place, (day, month) in enumerate(zip(dates, named, strict=True)):
        if day in row_of and month in column_of:
            prices[place] = history.settlements[row_of[day], column_of[month]]
    return DeliveryLeg(product=history.product, months=tuple(named), prices=prices)
