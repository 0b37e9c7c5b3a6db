"""Own the columns in which settlements leave; as CSV `settlement_files` reads them again."""

from collections.abc import AsyncIterator, Sequence

import pyarrow as pa

from storage.settlements import StoredSettlement
from storage.table_files import encode_tables

_SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("product", pa.string()),
        ("contract", pa.string()),
        ("position", pa.int16()),
        ("settlement", pa.string()),
        ("revision", pa.int16()),
        ("volume", pa.int64()),
        ("open_interest", pa.int64()),
    ]
)

Chunks = AsyncIterator[Sequence[StoredSettlement]]


def encode(chunks: Chunks, media_type: str) -> AsyncIterator[bytes]:
    """Encode stored settlements as they are read, as CSV or an Arrow stream.

    Of contract and position one is empty, and figures that no source told are. Prices are decimal
    text, so that no digit is lost.

    Raises:
        InvalidInput: the media type is another.
    """
    return encode_tables(_SCHEMA, (_table(rows) async for rows in chunks), media_type)


def _table(rows: Sequence[StoredSettlement]) -> pa.Table:
    columns = [
        [row.trade_date for row in rows],
        [row.product for row in rows],
        [str(row.contract_month) if row.contract_month else None for row in rows],
        [row.position or None for row in rows],
        [f"{row.price:f}" for row in rows],
        [row.revision for row in rows],
        [row.volume for row in rows],
        [row.open_interest for row in rows],
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, _SCHEMA, strict=True)]
    return pa.table(arrays, schema=_SCHEMA)
