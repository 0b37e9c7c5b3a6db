"""Own the rows of a backtest's result: one for each measure of a model, or what was skipped."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from core.backtests import BASELINES, BacktestMetric

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_IN_RESULT = 5_000
"""Hold so many rows in the result itself; more are in its table only."""

COLUMNS = (
    *("product", "position", "horizon", "first", "last", "model", "window"),
    *("metric", "level", "days", "value", "low", "high"),
    *(f"{baseline}_{part}" for baseline in BASELINES for part in ("difference", "low", "high")),
    "reason",
)
_TEXTS = ("product", "model", "metric", "reason")
_WHOLES = ("position", "horizon", "window", "days")
_DATES = ("first", "last")

Row = dict[str, Any]


def rows_of(results: Sequence[dict[str, Any]]) -> list[Row]:
    """Return the rows of all chunks in their order."""
    return [row for result in results for row in result["rows"]]


def told(rows: Sequence[Row]) -> dict[str, Any]:
    """Return what a result says of its rows: how many, what was skipped and why, and themselves."""
    skipped = Counter(
        (row["product"], row["model"], row["reason"])
        for row in rows
        if row["metric"] == BacktestMetric.SKIPPED
    )
    return {
        "row_count": len(rows),
        "skipped": [
            {"product": product, "model": model, "reason": reason, "rows": count}
            for (product, model, reason), count in skipped.items()
        ],
        "rows": list(rows) if len(rows) <= ROWS_IN_RESULT else None,
    }


def table_of_rows(rows: Sequence[Row]) -> "pa.Table":
    """Return the rows as a table; what there is not is null."""
    import pyarrow as pa  # a fifth of a second, and only results need it

    types = (
        dict.fromkeys(_TEXTS, pa.string())
        | dict.fromkeys(_WHOLES, pa.int64())
        | dict.fromkeys(_DATES, pa.date32())
    )
    columns = {
        name: pa.array(
            [_date(row[name]) if name in _DATES else row[name] for row in rows],
            types.get(name, pa.float64()),
        )
        for name in COLUMNS
    }
    return pa.table(columns)


def _date(text: str) -> date:
    return date.fromisoformat(text)
