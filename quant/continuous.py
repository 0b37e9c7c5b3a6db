"""Own series by position: which contract a position holds, and its price changes across rolls.

Position 1 is the nearest contract still trading, its last trade date included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import ContractMonth
from quant.calendars import front_month

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettlementHistory:
    """Hold settlements of positions 1…P of one product.

    `settlements` has shape (dates, positions); nan is a missing price. Dates rise strictly.

    Raises:
        InvalidInput: shapes disagree or the dates do not rise.
    """

    product: str
    dates: tuple[date, ...]
    settlements: Reals

    def __post_init__(self) -> None:
        _validate(self.dates, self.settlements)

    def held_changes(self, positions: int) -> Reals:
        """Return `held_changes` of this history."""
        return held_changes(self.product, self.dates, self.settlements, positions)


def front_indices(product: str, dates: Sequence[date]) -> Integers:
    """Return year x 12 + month − 1 of the contract at position 1 on each date, shape (dates,)."""
    fronts = (front_month(product, day) for day in dates)
    return np.array([month.year * 12 + month.month - 1 for month in fronts], dtype=np.int64)


def held_changes(product: str, dates: Sequence[date], settlements: Reals, positions: int) -> Reals:
    """Return the price changes of held contracts, shape (dates − 1, positions), in price units.

    The change on day t of position j is F(t, j) − F(t−1, j + rolled), where rolled counts the
    contracts whose last trade date is t−1 or later but before t: both prices belong to the
    contract that is at position j on day t. A price that is missing, or would be needed beyond
    the last column, makes the change nan.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, or `positions` is not 1…columns.
    """
    _validate(dates, settlements)
    columns = settlements.shape[1]
    if not 1 <= positions <= columns:
        raise InvalidInput(field="positions", reason=f"expected 1 to {columns}, was {positions}")
    rolled = np.diff(front_indices(product, dates))
    previous = np.arange(positions)[None, :] + rolled[:, None]
    known = previous < columns
    rows = np.arange(len(dates) - 1)[:, None]
    before = np.where(known, settlements[rows, np.where(known, previous, 0)], np.nan)
    return settlements[1:, :positions] - before


def from_contract_months(
    product: str,
    dates: Sequence[date],
    contract_months: Sequence[ContractMonth],
    prices: Reals,
    positions: int,
) -> SettlementHistory:
    """Rearrange prices by contract month, shape (dates, months), into positions 1…`positions`.

    A position whose contract has no column is nan.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, or a month is named twice.
    """
    if len(set(contract_months)) != len(contract_months):
        raise InvalidInput(field="contract_months", reason="names one twice")
    if prices.shape != (len(dates), len(contract_months)):
        raise InvalidInput(
            field="prices",
            reason=f"expected shape {(len(dates), len(contract_months))}, was {prices.shape}",
        )
    wanted = front_indices(product, dates)[:, None] + np.arange(positions)[None, :]
    column_of = {month.year * 12 + month.month - 1: n for n, month in enumerate(contract_months)}
    low = int(wanted.min())
    lookup = np.full(int(wanted.max()) - low + 1, -1, dtype=np.int64)
    for index, column in column_of.items():
        if 0 <= index - low < lookup.size:
            lookup[index - low] = column
    columns = lookup[wanted - low]
    rows = np.arange(len(dates))[:, None]
    matrix = np.where(columns >= 0, prices[rows, np.maximum(columns, 0)], np.nan)
    return SettlementHistory(product=product, dates=tuple(dates), settlements=matrix)


def _validate(dates: Sequence[date], settlements: Reals) -> None:
    if settlements.ndim != 2 or settlements.shape[0] != len(dates):
        raise InvalidInput(
            field="settlements",
            reason=f"expected shape ({len(dates)}, positions), was {settlements.shape}",
        )
    if not dates:
        raise InvalidInput(field="dates", reason="expected at least one")
    if any(later <= earlier for earlier, later in pairwise(dates)):
        raise InvalidInput(field="dates", reason="expected rising dates")
