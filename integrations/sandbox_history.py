"""Own the settlements that the sandbox exchanges would have announced in the past."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.market import ContractMonth, Instrument
from core.products import product
from integrations.sandbox_market import sandbox_market
from quant.calendars import business_days, calendar_of
from quant.continuous import front_indices
from quant.simulated_market import SimulatedMarket

Integers = NDArray[np.int64]

HISTORY_CONTRACTS = 36


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettlementColumns:
    """Hold settlements as columns, one entry a row, ascending by product, day and month.

    `product_index` points into `products`, `epoch_days` counts from 1970-01-01,
    `contract_months` is YYYYMM, `prices` are exact to the tick, as text.
    """

    products: tuple[str, ...]
    product_index: Integers
    epoch_days: Integers
    contract_months: Integers
    prices: list[str]

    @property
    def rows(self) -> int:
        return len(self.prices)


def history(
    first: date, last: date, products: Sequence[str], seed: int, contracts: int = HISTORY_CONTRACTS
) -> SettlementColumns:
    """Return settlements of the nearest `contracts` months on each business day, ends included.

    Equal to what the sandboxes announce last for the same days.

    Raises:
        InvalidInput: a product is not simulated.
        UnknownProduct: a product is not in the registry.
    """
    market = sandbox_market(seed)
    codes = tuple(sorted(set(products)))
    blocks = [_rows(market, code, first, last, contracts) for code in codes]
    sizes = [len(prices) for _, _, prices in blocks]
    nothing = np.zeros(0, dtype=np.int64)
    return SettlementColumns(
        products=codes,
        product_index=np.repeat(np.arange(len(codes), dtype=np.int64), sizes),
        epoch_days=np.concatenate([nothing, *(days for days, _, _ in blocks)]),
        contract_months=np.concatenate([nothing, *(months for _, months, _ in blocks)]),
        prices=[price for _, _, prices in blocks for price in prices],
    )


def _rows(
    market: SimulatedMarket, code: str, first: date, last: date, contracts: int
) -> tuple[Integers, Integers, list[str]]:
    days = business_days(first, last, calendar_of(code))
    if not days:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), []
    fronts = front_indices(code, days)
    indices = range(int(fronts[0]), int(fronts[-1]) + contracts)
    months = [ContractMonth(index // 12, index % 12 + 1) for index in indices]
    columns = (fronts - fronts[0])[:, None] + np.arange(contracts)[None, :]
    ticks = market.settlement_ticks(days, [Instrument(code, month) for month in months])
    counts = np.take_along_axis(ticks, columns, axis=1).ravel().tolist()
    numbers = np.array([month.year * 100 + month.month for month in months], dtype=np.int64)
    epoch_days = np.array(days, dtype="datetime64[D]").astype(np.int64)
    tick = product(code).tick
    return (
        np.repeat(epoch_days, contracts),
        numbers[columns].ravel(),
        [str(count * tick) for count in counts],
    )
