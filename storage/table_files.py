"""Own the forms in which tables leave: CSV, Parquet, Arrow and JSON."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from core.errors import InvalidInput

CSV_TYPE = "text/csv"
PARQUET_TYPE = "application/vnd.apache.parquet"
ARROW_FILE_TYPE = "application/vnd.apache.arrow.file"
ARROW_TYPE = "application/vnd.apache.arrow.stream"
JSON_TYPE = "application/json"

_NEEDS_QUOTES = '[",\r\n]'
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def encode_table(table: pa.Table, media_type: str) -> bytes:
    """Encode a table whole; JSON is a list of one object a row.

    Times are ISO 8601 in CSV and JSON, with as many digits as their unit has.

    Raises:
        InvalidInput: the media type is none of this module's.
    """
    return _encoder(media_type)(table)


async def encode_tables(
    schema: pa.Schema, tables: AsyncIterator[pa.Table], media_type: str
) -> AsyncIterator[bytes]:
    """Encode tables of one schema as one CSV or one Arrow stream, each as it comes.

    Raises:
        InvalidInput: the media type is another.
    """
    if media_type == CSV_TYPE:
        yield _csv_header(schema)
        async for table in tables:
            yield _csv_rows(table)
        return
    if media_type != ARROW_TYPE:
        raise _unknown(media_type, (CSV_TYPE, ARROW_TYPE))
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as writer:
        async for table in tables:
            writer.write_table(table)
            yield _taken(sink)
    yield _taken(sink)


def _encoder(media_type: str) -> Callable[[pa.Table], bytes]:
    try:
        return _ENCODERS[media_type]
    except KeyError:
        raise _unknown(media_type, _ENCODERS) from None


def _unknown(media_type: str, known: Iterable[str]) -> InvalidInput:
    reason = f"expected one of {', '.join(known)}, was {media_type!r}"
    return InvalidInput(field="accept", reason=reason)


def _csv(table: pa.Table) -> bytes:
    return _csv_header(table.schema) + _csv_rows(table)


def _csv_header(schema: pa.Schema) -> bytes:
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\n").writerow(schema.names)
    return sink.getvalue().encode()


def _csv_rows(table: pa.Table) -> bytes:
    # arrow's own "needed" quotes every text
    options = pa_csv.WriteOptions(
        include_header=False, quoting_style="needed" if _has_special(table) else "none"
    )
    sink = io.BytesIO()
    pa_csv.write_csv(_with_iso_times(table), sink, options)
    return sink.getvalue()


def _has_special(table: pa.Table) -> bool:
    texts = (table[field.name] for field in table.schema if field.type == pa.string())
    return any(pc.any(pc.match_substring_regex(text, _NEEDS_QUOTES)).as_py() for text in texts)


def _parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa_parquet.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _arrow_file(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _arrow_stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def _json(table: pa.Table) -> bytes:
    return msgspec.json.encode(_with_iso_times(table).to_pylist())


def _with_iso_times(table: pa.Table) -> pa.Table:
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            texts = pc.strftime(table[index], format=_TIME_FORMAT)
            table = table.set_column(index, field.name, texts)
    return table


def _taken(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data


_ENCODERS: dict[str, Callable[[pa.Table], bytes]] = {
    CSV_TYPE: _csv,
    PARQUET_TYPE: _parquet,
    ARROW_FILE_TYPE: _arrow_file,
    ARROW_TYPE: _arrow_stream,
    JSON_TYPE: _json,
}
