"""Own the settlements that forecasts are scored on, read from a file of any period."""

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet
from numpy.typing import NDArray

from benchmarks.data import SETTLEMENTS
from core.errors import InvalidInput
from quant.calendars import calendar_of, is_business_day
from quant.continuous import SettlementHistory

Reals = NDArray[np.float64]

PRODUCTS = ("CL", "NG", "HO", "RB", "B")
COLUMNS = ["date", "product", "position", "settlement"]
WARM_UP_DAYS = 500
_SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("product", pa.string()),
        ("position", pa.int64()),
        ("settlement", pa.float64()),
    ]
)
_LARGEST_SEAM = timedelta(days=7)


def histories(path: Path, first: date) -> dict[str, SettlementHistory]:
    """Return the settlements of each product in a file, which models may see from their start.

    Where the file begins fewer than 500 days before `first`, and the days of the default file end
    within a week before it, these are put in front: a file of new days alone can be scored so.

    Raises:
        InvalidInput: the file cannot be read, lacks a column, or has one of another type; or a
            position is below 1.
    """
    found = _read(path)
    if path.resolve() == SETTLEMENTS.resolve() or not SETTLEMENTS.exists():
        return found
    earlier = _read(SETTLEMENTS)
    for product, history in found.items():
        if product not in earlier or sum(day < first for day in history.dates) >= WARM_UP_DAYS:
            continue
        found[product] = _preceded(history, earlier[product])
    return found


def _preceded(history: SettlementHistory, earlier: SettlementHistory) -> SettlementHistory:
    begins = history.dates[0]
    days = sum(day < begins for day in earlier.dates)
    if not days or begins - earlier.dates[days - 1] > _LARGEST_SEAM:
        return history
    note = f"{history.product}: {days} days of {SETTLEMENTS.name} before {begins} are put in front"
    print(note, file=sys.stderr, flush=True)
    columns = min(history.settlements.shape[1], earlier.settlements.shape[1])
    return replace(
        history,
        dates=earlier.dates[:days] + history.dates,
        settlements=np.concatenate(
            [earlier.settlements[:days, :columns], history.settlements[:, :columns]]
        ),
    )


def _read(path: Path) -> dict[str, SettlementHistory]:
    table = _table(path)
    days = table["date"].to_numpy()
    codes = np.array(table["product"].to_pylist())
    return {
        product: _history(product, table, days, codes == product)
        for product in PRODUCTS
        if (codes == product).any()
    }


def _table(path: Path) -> pa.Table:
    try:
        if path.suffix == ".csv":
            table = csv.read_csv(path, convert_options=csv.ConvertOptions(include_columns=COLUMNS))
        else:
            table = parquet.read_table(path, columns=COLUMNS)
        return table.select(COLUMNS).cast(_SCHEMA).drop_null()
    except (OSError, KeyError, pa.ArrowException) as why:
        reason = str(why).splitlines()[0]
        raise InvalidInput(
            field="data", reason=f"{path.name} has no settlements: {reason}"
        ) from why


def _history(
    product: str, table: Any, days: NDArray[np.datetime64], chosen: NDArray[np.bool_]
) -> SettlementHistory:
    """Return the settlements of one product on its business days; the source has a few others."""
    positions = table["position"].to_numpy()[chosen]
    if positions.min() < 1:
        raise InvalidInput(field="position", reason=f"expected 1 or more, was {positions.min()}")
    dates, rows = np.unique(days[chosen], return_inverse=True)
    matrix = np.full((len(dates), int(positions.max())), np.nan)
    matrix[rows, positions - 1] = table["settlement"].to_numpy()[chosen]
    every: list[date] = dates.tolist()
    open_days = [is_business_day(day, calendar_of(product)) for day in every]
    return SettlementHistory(
        product=product,
        dates=tuple(day for day, is_open in zip(every, open_days, strict=True) if is_open),
        settlements=matrix[open_days],
    )
