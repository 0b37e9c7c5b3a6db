"""Own the panel of a product's real chain: each contract's own time to its last trade date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.market import ContractMonth, Instrument
from quant.calendars import calendar_of, is_business_day, last_trade_date, listed_contracts
from quant.continuous import SettlementHistory, front_indices
from quant.schwartz_smith.panel import STEP_YEARS, FuturesPanel, LeftOut, log_prices
from quant.schwartz_smith.season import MONTHS

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

DAYS_PER_YEAR = 365.0
"""Name the days of a year of time to expiry."""

_GROUP_STARTS = (1, 2, 3, 7, 13)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """Hold the panel of a product's positions 1…P, its dates, and what was left out.

    `contracts` (rows, P) is year x 12 + month − 1 of the delivery month in each cell.
    """

    product: str
    dates: tuple[date, ...]
    panel: FuturesPanel
    contracts: Integers
    left_out: LeftOut

    @property
    def months(self) -> Integers:
        """Return the delivery months 0…11, shape (rows, P)."""
        return self.contracts % MONTHS

    def between(self, first: int, last: int) -> "Chain":
        """Return the rows first…last − 1; what was left out is that of the whole chain."""
        return Chain(
            product=self.product,
            dates=self.dates[first:last],
            panel=self.panel.between(first, last),
            contracts=self.contracts[first:last],
            left_out=self.left_out,
        )


def position_groups(positions: int) -> Integers:
    """Return the noise group of positions 1…`positions`: 1, 2, 3 to 6, 7 to 12, beyond.

    Near prices fit worse and differ more from each other; a long chain shares the rest.
    """
    starts = np.array(_GROUP_STARTS)
    groups: Integers = np.searchsorted(starts, np.arange(1, positions + 1), side="right") - 1
    return groups.astype(np.int64)


def build_chain(history: SettlementHistory, *, leave_out: bool = False) -> Chain:
    """Build the panel of a history by position; a step is the business days since the row before.

    The first row's step is one business day. With `leave_out`, prices that are not positive count
    as missing and are reported.

    Raises:
        ModelNotApplicable: a price is not positive, and leaving it out was not asked for.
        UnknownProduct: the product is not in the registry.
    """
    logs, left_out = log_prices(history.dates, history.settlements, leave_out=leave_out)
    positions = logs.shape[1]
    contracts = front_indices(history.product, history.dates)[:, None] + np.arange(positions)
    panel = FuturesPanel(
        log_prices=logs,
        years=years_to_expiry(history.product, history.dates, contracts),
        steps=_steps(history.product, history.dates),
        groups=position_groups(positions),
    )
    return Chain(
        product=history.product,
        dates=history.dates,
        panel=panel,
        contracts=contracts,
        left_out=left_out,
    )


def years_to_expiry(product: str, dates: Sequence[date], contracts: Integers) -> Reals:
    """Return calendar days to the last trade date over 365, shape (rows, P).

    `contracts` (rows, P) are year x 12 + month − 1 of the delivery months.

    Raises:
        UnknownProduct: the product is not in the registry.
    """
    first, last = int(contracts.min()), int(contracts.max())
    ends = np.array([_last_trade_day(product, index) for index in range(first, last + 1)])
    today = np.array([day.toordinal() for day in dates])
    years: Reals = (ends[contracts - first] - today[:, None]) / DAYS_PER_YEAR
    return years


def position_years(product: str, day: date, positions: int) -> Reals:
    """Return the times to expiry on a day of the contracts at positions 1…`positions`, in years.

    Raises:
        UnknownProduct: the product is not in the registry.
        InvalidInput: `positions` is below 1.
    """
    contracts = listed_contracts(product, day, positions)
    days = [(last_trade_date(contract) - day).days for contract in contracts]
    return np.array(days) / DAYS_PER_YEAR


def _last_trade_day(product: str, index: int) -> int:
    month = ContractMonth(index // MONTHS, index % MONTHS + 1)
    return last_trade_date(Instrument(product, month)).toordinal()


def _steps(product: str, dates: Sequence[date]) -> Reals:
    calendar = calendar_of(product)
    counts = [1]
    for before, after in pairwise(dates):
        passed = (before + _ONE_DAY * n for n in range(1, (after - before).days + 1))
        counts.append(max(1, sum(is_business_day(day, calendar) for day in passed)))
    return np.array(counts) * STEP_YEARS
