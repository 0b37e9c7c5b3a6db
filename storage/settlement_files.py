"""Own the reading of settlement files: CSV or Parquet in, a checked table or the first bad cell."""

import csv
import re
from collections.abc import Callable, Collection, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from core.errors import SettlementFileRejected
from storage.arrow import arrow_array, numpy_array
from storage.settlement_figures import FIGURES, first_contradiction, read_figures
from storage.settlement_table import (
    Integers,
    Repeats,
    SettlementTable,
    sorted_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIRED = ("date", "product", "settlement")
KEYS = ("position", "contract")
MAX_POSITION = 120
_MAGIC = b"PAR1"
_WHOLE_FILE = "all"
_EPOCH = date(1970, 1, 1).toordinal()
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_INTEGER = re.compile(r"(\d{1,9})(?:\.0+)?")
_PRICE = r"^[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?$"
_ROW_IN_MESSAGE = re.compile(r"Row #(\d+)")


class _BadCell(NamedTuple):
    row: int
    column: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbers:
    """Hold one integer a row; `bad` is the first row that has none, with the reason."""

    values: Integers
    bad: _BadCell | None


def read_table(file_name: str, data: bytes | Path, products: Collection[str]) -> SettlementTable:
    """Read columns date, product, settlement, and position or contract; ignore most others.

    A date is YYYY-MM-DD, YYYYMMDD or a date column; a contract is YYYYMM; `products` are the
    known codes. Prices keep the decimals that a CSV file wrote, and the shortest form of a float.
    Exact repeats of a row are fine. The columns volume and open_interest, in contracts, may be
    there and may have empty cells.

    Raises:
        SettlementFileRejected: the file has a bad cell; it names the first such row.
    """
    source = pa.memory_map(str(data)) if isinstance(data, Path) else pa.BufferReader(data)
    with source:
        if source.size() == 0:
            _reject(file_name, 0, _WHOLE_FILE, "the file is empty")
        table = _read_columns(file_name, source)
    if table.num_rows == 0:
        _reject(file_name, 0, _WHOLE_FILE, "the file holds no rows")
    return _checked(file_name, table, products)


def _reject(file: str, row: int, column: str, reason: str) -> NoReturn:
    raise SettlementFileRejected(file=file, row=row, column=column, reason=reason)


def _read_columns(file_name: str, source: pa.NativeFile) -> pa.Table:
    magic = source.read(len(_MAGIC))
    source.seek(0)
    suffix = Path(file_name).suffix.lower()
    if magic == _MAGIC or suffix in {".parquet", ".pq"}:
        return _read_parquet(file_name, source)
    if suffix in {".csv", ".txt", ""}:
        return _read_csv(file_name, source)
    _reject(file_name, 0, _WHOLE_FILE, f"expected a .csv or .parquet file, was {suffix}")


def _read_parquet(file_name: str, source: pa.NativeFile) -> pa.Table:
    try:
        file = pa_parquet.ParquetFile(source)
        wanted = _wanted_columns(file_name, file.schema_arrow.names)
        table = file.read(columns=list(wanted.values()))
        return table.select(list(wanted.values())).rename_columns(list(wanted))
    except (pa.ArrowException, OSError) as error:
        _reject(file_name, 0, _WHOLE_FILE, f"not a readable Parquet file: {_first_line(error)}")


def _read_csv(file_name: str, source: pa.NativeFile) -> pa.Table:
    header = _csv_header(file_name, source)
    wanted = _wanted_columns(file_name, header)
    ragged: list[_BadCell] = []

    def note_ragged_row(row: pa_csv.InvalidRow) -> str:
        reason = f"expected {row.expected_columns} columns, was {row.actual_columns}"
        ragged.append(_BadCell((row.number or 1) - 1, _WHOLE_FILE, reason))
        return "error"

    try:
        table = pa_csv.read_csv(
            source,
            # row numbers of ragged lines are known to one thread only
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=1 << 24, skip_rows=1, column_names=header
            ),
            parse_options=pa_csv.ParseOptions(invalid_row_handler=note_ragged_row),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                include_columns=list(wanted.values()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowException as error:
        if ragged:
            _reject(file_name, *ragged[0])
        found = _ROW_IN_MESSAGE.search(str(error))
        _reject(file_name, int(found[1]) - 1 if found else 0, _WHOLE_FILE, _first_line(error))
    return table.rename_columns(list(wanted))


def _csv_header(file_name: str, source: pa.NativeFile) -> list[str]:
    try:
        line = source.read(1 << 16).decode("utf-8-sig", errors="strict").splitlines()[0]
    except UnicodeDecodeError as error:
        # the cut may fall inside a character, which the first line does not reach
        line = error.object[: error.start].decode("utf-8-sig").partition("\n")[0]
    except IndexError:
        line = ""
    source.seek(0)
    return next(csv.reader([line]), [])


def _wanted_columns(file_name: str, names: Sequence[str]) -> dict[str, str]:
    """Map our column names to those of the file, which may differ in case and outer spaces."""
    plain = [name.strip().lower() for name in names]
    for column in (*REQUIRED, *KEYS, *FIGURES):
        if plain.count(column) > 1:
            _reject(file_name, 0, column, "the column appears twice")
    ours = (*REQUIRED, *KEYS, *FIGURES)
    found = {name: names[plain.index(name)] for name in ours if name in plain}
    for column in REQUIRED:
        if column not in found:
            _reject(file_name, 0, column, f"the column is missing; found {', '.join(names)}")
    if not any(key in found for key in KEYS):
        reason = f"a column position or contract is missing; found {', '.join(names)}"
        _reject(file_name, 0, "position", reason)
    return found


def _checked(file_name: str, table: pa.Table, products: Collection[str]) -> SettlementTable:
    codes = sorted(products)
    numbers = {
        "date": _parsed(file_name, table, "date", _epoch_day),
        "product": _parsed(file_name, table, "product", _ProductIndex(codes)),
        **{
            key: _parsed(file_name, table, key, parse)
            for key, parse in (("position", _position), ("contract", _contract_month))
        },
    }
    prices, bad_price = _prices(file_name, table)
    figures, bad_figures = _figures(file_name, table)
    bad_key = _bad_key(table, numbers["position"].values, numbers["contract"].values)
    bad_numbers = [column.bad for column in numbers.values()]
    candidates = [*bad_numbers, bad_price, bad_key, *bad_figures]
    bad_cells = [cell for cell in candidates if cell is not None]
    if bad_cells:
        _reject(file_name, *min(bad_cells, key=lambda cell: cell.row))
    result, repeats = sorted_table(
        file=file_name,
        products=codes,
        product_index=numbers["product"].values,
        epoch_days=numbers["date"].values,
        contract_months=numbers["contract"].values,
        positions=numbers["position"].values,
        prices=prices,
        figures=figures,
    )
    _refuse_two_prices(file_name, prices, repeats)
    for name, values in figures.items():
        if (found := first_contradiction(values, repeats)) is not None:
            _reject(file_name, found.row + 1, name, found.reason)
    return result


def _parsed(file_name: str, table: pa.Table, name: str, parse: Callable[[Any], int]) -> _Numbers:
    """Parse each distinct value once; an absent column is all zeros."""
    if name not in table.column_names:
        return _Numbers(values=np.zeros(table.num_rows, dtype=np.int64), bad=None)
    with _unsupported(file_name, table, name):
        encoded = _plain(table[name]).dictionary_encode("encode")
        distinct = encoded.dictionary.to_pylist()
        indices = numpy_array(encoded.indices, np.int64)
    values = np.zeros(len(distinct), dtype=np.int64)
    reasons: dict[int, str] = {}
    for index, value in enumerate(distinct):
        try:
            values[index] = parse(value)
        except ValueError as error:
            reasons[index] = str(error)
    bad = None
    if reasons:
        row = int(np.isin(indices, list(reasons)).argmax())
        bad = _BadCell(row + 1, name, reasons[int(indices[row])])
    return _Numbers(values=values[indices], bad=bad)


@contextmanager
def _unsupported(file_name: str, table: pa.Table, name: str) -> "Iterator[None]":
    try:
        yield
    except pa.ArrowException:
        kind = table.schema.field(name).type
        _reject(file_name, 0, name, f"values of type {kind} are not supported")


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Join the chunks; turn categories into their values and timestamps into dates."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_timestamp(array.type):
        if array.type.tz is not None:
            array = pc.local_timestamp(array)
        array = array.cast(pa.date32(), safe=False)
    return array


def _text_of(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    return str(value).strip()


def _epoch_day(value: Any) -> int:
    text = _text_of(value)
    found = _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        message = f"expected a date YYYY-MM-DD, was {text!r}"
        raise ValueError(message) from None
    if not 1900 <= day.year <= 2199:
        message = f"expected a year from 1900 to 2199, was {text!r}"
        raise ValueError(message)
    return day.toordinal() - _EPOCH


class _ProductIndex:
    """Look up the place of a product code among the known ones."""

    def __init__(self, codes: Sequence[str]) -> None:
        self._codes = {code: index for index, code in enumerate(codes)}

    def __call__(self, value: Any) -> int:
        text = _text_of(value)
        if text not in self._codes:
            message = f"product {text!r} is unknown; known are {', '.join(self._codes)}"
            raise ValueError(message)
        return self._codes[text]


def _position(value: Any) -> int:
    text = _text_of(value)
    found = _INTEGER.fullmatch(text)
    if not text:
        return 0
    if not found or not 1 <= int(found[1]) <= MAX_POSITION:
        message = f"expected 1 to {MAX_POSITION}, was {text!r}"
        raise ValueError(message)
    return int(found[1])


def _contract_month(value: Any) -> int:
    text = _text_of(value)
    found = _INTEGER.fullmatch(text)
    if not text:
        return 0
    month = int(found[1]) if found else 0
    if not (190001 <= month <= 219912 and 1 <= month % 100 <= 12):
        message = f"expected a month YYYYMM, was {text!r}"
        raise ValueError(message)
    return month


def _bad_key(table: pa.Table, positions: Integers, months: Integers) -> _BadCell | None:
    wrong = (positions == 0) == (months == 0)
    if not wrong.any():
        return None
    row = int(wrong.argmax())
    both = positions[row] != 0
    column = "position" if "position" in table.column_names else "contract"
    reason = "give a position or a contract, not both" if both else "the cell is empty"
    return _BadCell(row + 1, column, reason)


def _prices(file_name: str, table: pa.Table) -> tuple[pa.Array, _BadCell | None]:
    with _unsupported(file_name, table, "settlement"):
        texts = _plain(table["settlement"]).cast(pa.string())
    if texts.null_count:
        texts = pc.fill_null(texts, "")
    texts = pc.utf8_trim_whitespace(texts)
    good = numpy_array(pc.match_substring_regex(texts, _PRICE), np.uint8).astype(bool)
    if good.all():
        return texts, None
    row = int((~good).argmax())
    text = texts[row].as_py()
    reason = "the cell is empty" if not text else f"expected a finite number, was {text!r}"
    return texts, _BadCell(row + 1, "settlement", reason)


def _figures(file_name: str, table: pa.Table) -> tuple[dict[str, pa.Array], list[_BadCell]]:
    """Return the figures that the file has, by column, and the first bad cell of each."""
    figures: dict[str, pa.Array] = {}
    bad: list[_BadCell] = []
    for name in FIGURES:
        if name not in table.column_names:
            continue
        with _unsupported(file_name, table, name):
            figures[name], found = read_figures(_plain(table[name]))
        if found is not None:
            bad.append(_BadCell(found.row + 1, name, found.reason))
    return figures, bad


def _refuse_two_prices(file_name: str, prices: pa.Array, repeats: Repeats) -> None:
    here = prices.take(arrow_array(repeats.rows, np.int64))
    there = prices.take(arrow_array(repeats.first_rows, np.int64))
    differ = numpy_array(pc.not_equal(here, there), np.uint8).astype(bool)
    rows, first_rows = repeats.rows[differ], repeats.first_rows[differ]
    for index in np.argsort(rows):
        row, first_row = int(rows[index]), int(first_rows[index])
        price, first_price = (prices[at].as_py() for at in (row, first_row))
        if Decimal(price) != Decimal(first_price):
            reason = f"{price} differs from {first_price} in row {first_row + 1} for the same key"
            _reject(file_name, row + 1, "settlement", reason)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
