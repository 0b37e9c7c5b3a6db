"""Own the forms in which settlements leave: CSV as `settlement_files` reads it, or Arrow."""

import io
from collections.abc import AsyncIterator, Sequence

import pyarrow as pa

from storage.settlements import StoredSettlement

CSV_TYPE = "text/csv"
ARROW_TYPE = "application/vnd.apache.arrow.stream"

_CSV_HEADER = b"date,product,contract,position,settlement,revision\n"
_SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("product", pa.string()),
        ("contract", pa.string()),
        ("position", pa.int16()),
        ("settlement", pa.string()),
        ("revision", pa.int16()),
    ]
)

Chunks = AsyncIterator[Sequence[StoredSettlement]]


async def encode(chunks: Chunks, media_type: str) -> AsyncIterator[bytes]:
    """Encode stored settlements as they are read; of contract and position one is empty.

    Settlements are decimal text in both forms, so no digit is lost.
    """
    encoded = _as_arrow(chunks) if media_type == ARROW_TYPE else _as_csv(chunks)
    async for part in encoded:
        yield part


async def _as_csv(chunks: Chunks) -> AsyncIterator[bytes]:
    yield _CSV_HEADER
    async for rows in chunks:
        yield "".join(
            f"{row.trade_date},{row.product},{row.contract_month or ''},{row.position or ''},"
            f"{row.price},{row.revision}\n"
            for row in rows
        ).encode()


async def _as_arrow(chunks: Chunks) -> AsyncIterator[bytes]:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, _SCHEMA) as writer:
        async for rows in chunks:
            writer.write_batch(_batch(rows))
            yield _taken(sink)
    yield _taken(sink)


def _batch(rows: Sequence[StoredSettlement]) -> pa.RecordBatch:
    columns = [
        [row.trade_date for row in rows],
        [row.product for row in rows],
        [str(row.contract_month) if row.contract_month else None for row in rows],
        [row.position or None for row in rows],
        [str(row.price) for row in rows],
        [row.revision for row in rows],
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)]
    return pa.record_batch(arrays, schema=_SCHEMA)


def _taken(sink: io.BytesIO) -> bytes:
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data
