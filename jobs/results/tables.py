"""Own the tables of results: outcomes as bit strings, and one row for each point and outcome."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


def bit_string(outcome: str, width: int) -> str:
    """Write an outcome in hexadecimal, as Aer counts it, as `width` bits, bit 0 rightmost."""
    return format(int(outcome, 16), f"0{width}b")


def bit_counts(counts: Mapping[str, int], width: int) -> dict[str, int]:
    """Write the outcomes of counts as bit strings, in their order."""
    return {bit_string(outcome, width): counts[outcome] for outcome in _in_order(counts)}


def table_of(columns: Mapping[str, Sequence[Any]]) -> "pa.Table":
    """Make a table of columns by name; all have one length."""
    import pyarrow as pa  # a fifth of a second, and only results need it

    return pa.table({name: pa.array(values) for name, values in columns.items()})


def counts_table(
    points: Iterable[tuple[int, Sequence[float], Mapping[str, int]]],
    parameters: Sequence[str],
    width: int,
) -> "pa.Table":
    """Make a table of counts: columns point, each parameter, outcome, count, probability.

    `points` gives the number of each point, the values of its parameters and its counts by
    outcome in hexadecimal; rows are ordered by point, then by outcome.
    """
    import pyarrow as pa

    numbers: list[int] = []
    values: list[list[float]] = [[] for _ in parameters]
    outcomes: list[str] = []
    found: list[int] = []
    shares: list[float] = []
    for point, row, counts in points:
        total = sum(counts.values())
        ordered = _in_order(counts)
        numbers += [point] * len(ordered)
        for column, value in zip(values, row, strict=True):
            column += [value] * len(ordered)
        outcomes += [bit_string(outcome, width) for outcome in ordered]
        found += [counts[outcome] for outcome in ordered]
        shares += [counts[outcome] / total for outcome in ordered]
    return pa.table(
        {
            "point": pa.array(numbers, pa.int64()),
            **parameter_columns(parameters, values),
            "outcome": pa.array(outcomes, pa.string()),
            "count": pa.array(found, pa.int64()),
            "probability": pa.array(shares, pa.float64()),
        }
    )


def parameter_columns(
    parameters: Sequence[str], values: Sequence[Sequence[float]]
) -> dict[str, "pa.Array"]:
    """Make a column of each parameter; one named like a column of results gets `parameter_`."""
    import pyarrow as pa

    return {
        f"parameter_{name}" if name in RESERVED else name: pa.array(column, pa.float64())
        for name, column in zip(parameters, values, strict=True)
    }


RESERVED = frozenset(
    {"point", "outcome", "count", "probability", "observable", "value", "standard_error"}
)
"""Name the columns of results, which no parameter may hide."""


def _in_order(counts: Mapping[str, int]) -> list[str]:
    return sorted(counts, key=lambda outcome: int(outcome, 16))


def values_table(
    points: Iterable[tuple[int, Sequence[float], Sequence[float], Sequence[float] | None]],
    parameters: Sequence[str],
    *,
    has_errors: bool,
) -> "pa.Table":
    """Make a table of expectations: columns point, each parameter, observable, value.

    `points` gives the number of each point, the values of its parameters, its expectations in the
    order of the observables and their standard errors; `has_errors` adds a column of these, empty
    where they are None.
    """
    import pyarrow as pa

    numbers: list[int] = []
    values: list[list[float]] = [[] for _ in parameters]
    observables: list[int] = []
    told: list[float] = []
    errors: list[float | None] = []
    for point, row, found, spread in points:
        numbers += [point] * len(found)
        for column, value in zip(values, row, strict=True):
            column += [value] * len(found)
        observables += range(len(found))
        told += found
        errors += spread if spread is not None else [None] * len(found)
    columns = {
        "point": pa.array(numbers, pa.int64()),
        **parameter_columns(parameters, values),
        "observable": pa.array(observables, pa.int64()),
        "value": pa.array(told, pa.float64()),
    }
    if has_errors:
        columns["standard_error"] = pa.array(errors, pa.float64())
    return pa.table(columns)
