"""Check that every form of a table holds the same values."""

import csv
import io
import json
from collections.abc import AsyncIterator

import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest

from core.errors import InvalidInput
from storage.table_files import (
    ARROW_FILE_TYPE,
    ARROW_TYPE,
    CSV_TYPE,
    JSON_TYPE,
    PARQUET_TYPE,
    encode_table,
    encode_tables,
)

SCHEMA = pa.schema(
    [("at", pa.timestamp("ns", "UTC")), ("price", pa.string()), ("size", pa.int64())]
)
AT_NS = 1_767_355_200_123_456_789


def table(*prices: str | None) -> pa.Table:
    size = len(prices)
    return pa.table([[AT_NS] * size, list(prices), [2**62] * size], schema=SCHEMA)


def test_text_is_exact_and_times_keep_nanoseconds() -> None:
    rows = table("70.10", None)
    assert encode_table(rows, CSV_TYPE).decode() == (
        "at,price,size\n"
        f"2026-01-02T12:00:00.123456789Z,70.10,{2**62}\n"
        f"2026-01-02T12:00:00.123456789Z,,{2**62}\n"
    )
    assert json.loads(encode_table(rows, JSON_TYPE)) == [
        {"at": "2026-01-02T12:00:00.123456789Z", "price": price, "size": 2**62}
        for price in ("70.10", None)
    ]


def test_csv_quotes_what_would_break_a_line() -> None:
    text = encode_table(table('a,"b', "c"), CSV_TYPE).decode()
    assert '"a,""b"' in text
    assert '"c"' in text


def test_csv_quotes_names_too() -> None:
    names = ["a,b", 'c"d', "theta[0]"]
    text = encode_table(pa.table([[1], [2], [3]], names=names), CSV_TYPE).decode()
    assert list(csv.reader(io.StringIO(text))) == [names, ["1", "2", "3"]]
    assert text.endswith(",theta[0]\n1,2,3\n")


@pytest.mark.parametrize("rows", [table(), table("1", None, "-2.50")])
def test_binary_forms_read_back_equal(rows: pa.Table) -> None:
    assert pa_parquet.read_table(io.BytesIO(encode_table(rows, PARQUET_TYPE))).equals(rows)
    assert pa.ipc.open_file(encode_table(rows, ARROW_FILE_TYPE)).read_all().equals(rows)
    assert pa.ipc.open_stream(encode_table(rows, ARROW_TYPE)).read_all().equals(rows)


async def _parts() -> AsyncIterator[pa.Table]:
    for prices in (("1", "2"), (), ("3",)):
        yield table(*prices)


async def test_parts_make_one_stream() -> None:
    whole = table("1", "2", "3")
    csv = b"".join([part async for part in encode_tables(SCHEMA, _parts(), CSV_TYPE)])
    assert csv == encode_table(whole, CSV_TYPE)
    arrow = b"".join([part async for part in encode_tables(SCHEMA, _parts(), ARROW_TYPE)])
    assert pa.ipc.open_stream(arrow).read_all().equals(whole)


async def test_another_media_type_is_refused() -> None:
    with pytest.raises(InvalidInput, match="accept: expected one of"):
        encode_table(table(), "text/html")
    with pytest.raises(InvalidInput, match="accept: expected one of"):
        await anext(encode_tables(SCHEMA, _parts(), PARQUET_TYPE))
