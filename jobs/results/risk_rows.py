"""Own the rows of a risk run's result: the book at each level, and the parts that add up to it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]


def rows_of(levels: Sequence[dict[str, Any]]) -> list[Row]:
    """Return the rows of all levels: the book, its positions, its contracts, what was added."""
    return [row for level in levels for row in _rows(level)]


def table_of_rows(rows: Sequence[Row]) -> "pa.Table":
    """Return the rows as a table; what there is not is null."""
    import pyarrow as pa  # a fifth of a second, and only results need it

    texts = ("part", "name")
    return pa.table(
        {
            name: pa.array(
                [row[name] for row in rows], pa.string() if name in texts else pa.float64()
            )
            for name in _COLUMNS
        }
    )


_ENDS = ("value_at_risk_low", "value_at_risk_high")
_SHORTFALL_ENDS = ("expected_shortfall_low", "expected_shortfall_high")
_COLUMNS = (
    *("level", "part", "name", "value_at_risk", *_ENDS),
    *("expected_shortfall", *_SHORTFALL_ENDS),
)


def _rows(level: dict[str, Any]) -> Iterator[Row]:
    at_risk, shortfall = level["value_at_risk"], level["expected_shortfall"]
    whole = {"value_at_risk": at_risk["estimate"], "expected_shortfall": shortfall["estimate"]}
    ends = {
        "value_at_risk_low": at_risk["low"],
        "value_at_risk_high": at_risk["high"],
        "expected_shortfall_low": shortfall["low"],
        "expected_shortfall_high": shortfall["high"],
    }
    yield _row(level, "book", None, whole) | ends
    for one in level["positions"]:
        yield _row(level, "position", f"{one['position']} {one['label']}", one)
    for one in level["contracts"]:
        yield _row(level, "contract", one["contract"], one)
    if level["added"] is not None:
        yield _row(level, "added", None, level["added"])


def _row(level: dict[str, Any], part: str, name: str | None, measures: dict[str, Any]) -> Row:
    return {
        **dict.fromkeys(_COLUMNS),
        "level": level["level"],
        "part": part,
        "name": name,
        "value_at_risk": measures["value_at_risk"],
        "expected_shortfall": measures["expected_shortfall"],
    }
