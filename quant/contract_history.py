"""Own settlements, volume and open interest by contract month: rolls and curves need them so."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import ContractMonth, Instrument
from core.products import product
from quant.calendars import last_trade_date
from quant.continuous import SettlementHistory, front_indices

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContractHistory:
    """Hold what is known of each contract of a product on each date.

    All arrays have shape (dates, months); nan is missing. Dates and months rise strictly.
    Settlements are in the product's price unit, volume and open interest in contracts.

    Raises:
        UnknownProduct: the product is not in the registry.
        InvalidInput: shapes disagree, dates or months do not rise, a price is infinite, or a
            volume or open interest is infinite or negative.
    """

    product: str
    dates: tuple[date, ...]
    contract_months: tuple[ContractMonth, ...]
    settlements: Reals
    volume: Reals | None = None
    open_interest: Reals | None = None

    def __post_init__(self) -> None:
        product(self.product)
        _require_rising(
            "dates", some=bool(self.dates), rising=all(a < b for a, b in pairwise(self.dates))
        )
        _require_rising(
            "contract_months",
            some=bool(self.contract_months),
            rising=all(a < b for a, b in pairwise(self.contract_months)),
        )
        for field in ("settlements", "volume", "open_interest"):
            values = getattr(self, field)
            if values is not None:
                self._validate_values(field, values)

    def _validate_values(self, field: str, values: Reals) -> None:
        shape = (len(self.dates), len(self.contract_months))
        if values.shape != shape:
            raise InvalidInput(field=field, reason=f"expected shape {shape}, was {values.shape}")
        if np.isinf(values).any():
            raise InvalidInput(field=field, reason="expected finite numbers, or nan where missing")
        if field != "settlements" and (values < 0).any():
            raise InvalidInput(field=field, reason="expected no negative numbers of contracts")

    @property
    def contracts(self) -> tuple[Instrument, ...]:
        return tuple(Instrument(self.product, month) for month in self.contract_months)

    @property
    def last_trade_dates(self) -> tuple[date, ...]:
        """Return the last trade date of each contract, in the order of the columns."""
        return tuple(last_trade_date(contract) for contract in self.contracts)


def by_contract_month(history: SettlementHistory) -> ContractHistory:
    """Rearrange settlements of positions 1…P by contract month, one column each."""
    fronts = front_indices(history.product, history.dates)
    columns = fronts[:, None] + np.arange(history.settlements.shape[1])[None, :]
    low, high = int(columns.min()), int(columns.max())
    settlements = np.full((len(history.dates), high - low + 1), np.nan)
    rows = np.arange(len(history.dates))[:, None]
    settlements[rows, columns - low] = history.settlements
    return ContractHistory(
        product=history.product,
        dates=history.dates,
        contract_months=tuple(
            ContractMonth(index // 12, index % 12 + 1) for index in range(low, high + 1)
        ),
        settlements=settlements,
    )


def _require_rising(field: str, *, some: bool, rising: bool) -> None:
    if not some:
        raise InvalidInput(field=field, reason="expected at least one")
    if not rising:
        raise InvalidInput(field=field, reason="expected each later than the one before")
