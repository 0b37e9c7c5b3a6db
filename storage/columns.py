"""Own the reading of a query's rows into an arrow table, and the tokens that a page ends with.

The server writes the rows as CSV and arrow reads them, so that no value passes through Python.
"""

import asyncio
import binascii
import io
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, LiteralString, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.csv as pa_csv

from core.errors import InvalidInput

if TYPE_CHECKING:
    from storage.pool import ReadConn

Key = TypeVar("Key", bound=msgspec.Struct)

TokenText = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")]
TokenSmallInteger = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
TokenInteger = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickPage:
    """Hold one page of rows; `next_after` asks for the following one, None after the last.

    Prices are decimal text, times are timestamps in UTC: to the nanosecond for ticks.
    """

    table: pa.Table
    next_after: str | None


async def read_columns(
    conn: "ReadConn",
    statement: LiteralString,
    *args: object,
    columns: Mapping[str, pa.DataType],
) -> pa.Table:
    """Run a query and return its rows; `columns` names and types what it selects, in order."""
    sink = io.BytesIO()
    await conn.copy_from_query(statement, *args, output=sink, format="csv")
    if not sink.tell():
        return pa.schema(list(columns.items())).empty_table()
    # a page may be large, and the loop serves others meanwhile
    return await asyncio.to_thread(_parsed, sink, columns)


def _parsed(sink: io.BytesIO, columns: Mapping[str, pa.DataType]) -> pa.Table:
    return pa_csv.read_csv(
        pa.py_buffer(sink.getbuffer()),
        read_options=pa_csv.ReadOptions(column_names=list(columns)),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict(columns),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,  # the server quotes what is empty and not null
        ),
    )


def token_of(key: msgspec.Struct) -> str:
    """Return the opaque token of a row's key."""
    return urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def key_of(token: str, kind: type[Key]) -> Key:
    """Return the key that `token_of` made the token of.

    Raises:
        InvalidInput: it is no such token.
    """
    try:
        text = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        return msgspec.json.decode(text, type=kind)
    except (binascii.Error, UnicodeError, msgspec.DecodeError) as error:
        reason = "expected the token of the page before"
        raise InvalidInput(field="after", reason=reason) from error


def last_row(table: pa.Table) -> dict[str, Any]:
    """Return the values of the last row by column."""
    row: dict[str, Any] = table.slice(table.num_rows - 1).to_pylist()[0]
    return row
