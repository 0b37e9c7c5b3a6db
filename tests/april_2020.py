"""Build settlements of crude up to the days of April 2020 on which it was negative, and store them.

Prices of 20 and 21 April are real at the front of CL and B; those before are drawn.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np

from core.products import PRODUCTS
from core.runs import DEFAULT_ORG
from quant.calendars import business_days, calendar_of
from storage import settlements
from storage.settlement_files import read_table

if TYPE_CHECKING:
    from storage.pool import Pools

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
NEGATIVE = date(2020, 4, 20)
# May was the front month of CL until the 21st, its last trade date.
_REAL = {
    "CL": {"2020-04-20": (-37.63, 20.43, 26.28), "2020-04-21": (10.01, 11.57, 18.69)},
    "B": {"2020-04-20": (25.57, 28.89, 31.00), "2020-04-21": (19.33, 23.50, 26.10)},
}


def trading_days(first: date, last: date) -> tuple[date, ...]:
    return business_days(first, last, calendar_of("CL"))


def rows_of(product: str, days: Sequence[date], *, positions: int = 6) -> list[str]:
    """Write a curve of which each position moves a little every day."""
    generator = np.random.default_rng(ord(product[0]))
    front = 30.0 + generator.normal(0.0, 0.5, len(days)).cumsum()
    others = generator.normal(0.0, 0.1, (len(days), positions)).cumsum(axis=0)
    return [
        f"{day},{product},{position + 1},{front[row] + position + others[row, position]:.4f}"
        for row, day in enumerate(days)
        for position in range(positions)
    ]


def april(product: str, first: date = date(2019, 12, 2)) -> list[str]:
    """Write settlements of CL or B by position, up to 21 April 2020."""
    return rows_of(product, trading_days(first, date(2020, 4, 17))) + [
        f"{day},{product},{position},{price}"
        for day, prices in _REAL[product].items()
        for position, price in enumerate(prices, 1)
    ]


async def store(pools: "Pools", rows: Sequence[str], source: str) -> None:
    """Store rows of date, product, position and settlement."""
    text = "\n".join(["date,product,position,settlement", *rows])
    table = read_table("file.csv", text.encode(), PRODUCTS)
    async with pools.write(DEFAULT_ORG) as connection:
        await settlements.import_table(connection, DEFAULT_ORG, source, table, False, NOW)
