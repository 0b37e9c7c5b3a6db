"""Own books as CSV: positions in, or the first bad cell, and positions out, one a row."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from pydantic import TypeAdapter, ValidationError

from core.books import MAX_POSITIONS, Position, SpreadLeg, require_known
from core.errors import InvalidInput

COLUMNS = (
    "kind",
    "instrument",
    "contracts",
    "price",
    "right",
    "strike",
    "expiry",
    "style",
    "volatility",
    "legs",
    "label",
)
REQUIRED = ("kind", "contracts")
_WHOLE_FILE = "all"
_POSITION: TypeAdapter[Position] = TypeAdapter(Position)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRows:
    """Hold positions, and the row of the file that each comes from."""

    positions: tuple[Position, ...]
    rows: tuple[int, ...]

    def where(self, index: int, _kind: str, field: str) -> str:
        """Name the cell of a position, such as `row 3, column strike`."""
        return _cell(self.rows[index], field)


def read_positions(data: bytes) -> PositionRows:
    """Read positions from CSV with a header; the columns may stand in any order.

    Rows count from 1 and the header is row 0; empty ones are passed over. Cells that a kind of
    position has no use for stay empty. Legs are written `CL-202612:1;HO-202612:-0.5`.

    Raises:
        InvalidInput: a cell is bad; its field names row and column.
        UnknownInstrument: a product is unknown; its reason names row and column.
    """
    lines = _lines(data)
    header = next(lines, None)
    if header is None:
        _reject(0, _WHOLE_FILE, "the file is empty")
    names = _columns(header[1])
    positions: list[Position] = []
    rows: list[int] = []
    for row, cells in lines:
        if len(cells) != len(names):
            _reject(row, _WHOLE_FILE, f"expected {len(names)} columns, was {len(cells)}")
        if len(rows) == MAX_POSITIONS:
            reason = f"expected at most {MAX_POSITIONS:,} in a file"
            raise InvalidInput(field="positions", reason=reason)
        filled = {name: cell for name, cell in zip(names, cells, strict=True) if cell}
        positions.append(_position(row, filled))
        rows.append(row)
    found = PositionRows(positions=tuple(positions), rows=tuple(rows))
    require_known(found.positions, found.where)
    return found


def write_positions(positions: Sequence[Position]) -> bytes:
    """Write positions as CSV that `read_positions` reads back as they are."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(COLUMNS)
    for position in positions:
        values = dict(position)
        writer.writerow([_text(values.get(name)) for name in COLUMNS])
    return sink.getvalue().encode()


def _reject(row: int, column: str, reason: str) -> NoReturn:
    raise InvalidInput(field=_cell(row, column), reason=reason)


def _cell(row: int, column: str) -> str:
    return f"row {row}, column {column}"


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the stripped cells of each record that has any."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _reject(data.count(b"\n", 0, error.start), _WHOLE_FILE, "expected UTF-8 text")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    row = -1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            _reject(row + 1, _WHOLE_FILE, str(error))
        if cells is None:
            return
        row += 1
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            yield row, stripped


def _columns(header: list[str]) -> list[str]:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        _reject(0, _WHOLE_FILE, f"expected commas between columns, was {header[0][:80]!r}")
    for name in header:
        if name not in COLUMNS:
            _reject(0, name[:80], f"no such column; known are {', '.join(COLUMNS)}")
        if header.count(name) > 1:
            _reject(0, name, "the column stands there twice")
    for name in REQUIRED:
        if name not in header:
            _reject(0, name, "the column is missing")
    return header


def _position(row: int, cells: dict[str, str]) -> Position:
    values: dict[str, Any] = dict(cells)
    if "kind" not in values:
        _reject(row, "kind", "the cell is empty")
    if "legs" in values:
        values["legs"] = [_leg(row, text) for text in cells["legs"].split(";")]
    try:
        return _POSITION.validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        column = str(first["loc"][1]) if len(first["loc"]) > 1 else "kind"
        kind = cells["kind"]
        not_a_number = f"expected a number such as -12.5, was {str(first['input'])[:80]!r}"
        reasons = {
            "float_parsing": not_a_number,
            "decimal_parsing": not_a_number,
            "missing": "the cell is empty",
            "extra_forbidden": f"expected an empty cell: {kind} has no {column}",
            "union_tag_invalid": f"expected future, option or spread, was {kind!r}",
        }
        _reject(row, column, reasons.get(first["type"], first["msg"]))


def _leg(row: int, text: str) -> dict[str, str]:
    instrument, separator, ratio = text.partition(":")
    if not separator:
        reason = f"expected legs such as CL-202612:1;HO-202612:-0.5, was {text!r}"
        _reject(row, "legs", reason)
    return {"instrument": instrument.strip(), "ratio": ratio.strip()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, tuple):
        return ";".join(_leg_text(leg) for leg in value)
    return str(value)


def _leg_text(leg: SpreadLeg) -> str:
    return f"{leg.instrument}:{_text(leg.ratio)}"
