"""Own the reading of volume and open interest from settlement files: counts, or nothing."""

from contextlib import suppress
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.arrow import arrow_array, numpy_array
from storage.settlement_table import Repeats

FIGURES = ("volume", "open_interest")
"""Name the optional columns, numbers of contracts."""

_COUNT = r"^(\d{1,15}(\.0*)?|[nN][aA][nN])?$"
_NO_DIGITS = r"^([nN][aA][nN])?$"
_POINT = r"\.0*$"


class BadFigure(NamedTuple):
    """Name the row, from 0, of the first cell that is no count, and why."""

    row: int
    reason: str


def read_figures(column: pa.Array) -> tuple[pa.Array, BadFigure | None]:
    """Return counts (int64) of a column of numbers or text; what is empty or nan stays null.

    Raises:
        pa.ArrowException: the values are of a type that has no text.
    """
    texts = _texts(column)
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    texts = pc.utf8_trim_whitespace(texts)
    good = numpy_array(pc.match_substring_regex(texts, _COUNT), np.uint8).astype(bool)
    if not good.all():
        row = int((~good).argmax())
        reason = f"expected a number of contracts, or nothing, was {texts[row].as_py()!r}"
        return pa.nulls(len(texts), pa.int64()), BadFigure(row, reason)
    absent = pc.match_substring_regex(texts, _NO_DIGITS)
    whole = pc.replace_substring_regex(texts, _POINT, "")
    return pc.if_else(absent, pa.scalar(None, pa.string()), whole).cast(pa.int64()), None


def _texts(column: pa.Array) -> pa.Array:
    # Arrow writes large floats as powers of ten, so that whole ones go by way of integers.
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
        with suppress(pa.ArrowInvalid):
            column = column.cast(pa.int64())
    return column.cast(pa.string())


def first_contradiction(values: pa.Array, repeats: Repeats) -> BadFigure | None:
    """Return the first row whose figure differs from that of an earlier row of its key."""
    here = values.take(arrow_array(repeats.rows, np.int64))
    there = values.take(arrow_array(repeats.first_rows, np.int64))
    differ = numpy_array(pc.fill_null(pc.not_equal(here, there), False), np.uint8).astype(bool)
    if not differ.any():
        return None
    rows, first_rows = repeats.rows[differ], repeats.first_rows[differ]
    least = int(rows.argmin())
    row, first_row = int(rows[least]), int(first_rows[least])
    reason = f"{values[row]} differs from {values[first_row]} in row {first_row + 1}"
    return BadFigure(row, f"{reason} for the same key")
