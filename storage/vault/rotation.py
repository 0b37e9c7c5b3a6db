"""Own the replacement of the wrapping key: data keys are wrapped anew, no secret is rewritten."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from core.errors import VaultKeyUnknown
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn
    from storage.vault.sources import KeyRing

_SQL = sql.load("vault/vault")

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedCount:
    """Tell how many data keys one wrapping key wraps, and since when."""

    wrapping_key: str
    keys: int
    oldest: datetime
    newest: datetime


async def rotate_batch(conn: "WriteConn", keys: "KeyRing", limit: int = BATCH) -> int:
    """Wrap some of the data keys that the current key does not wrap; needs the system role.

    Returns how many; 0 once none is left. What one transaction wrapped stays wrapped, so a
    rotation that was interrupted goes on where it ended, and two side by side share the work.

    Raises:
        VaultKeyUnknown: a data key is wrapped by a key that was not given.
        VaultSealBroken: a wrapped data key was changed.
        SourceUnavailable: KMS does not answer.
    """
    current = keys.current()
    rows = await conn.fetch(_SQL["to_wrap"], current.name, limit)
    key_ids, wrapped = [], []
    for row in rows:
        old = keys.named(row["wrapping_key"])
        if old is None:
            raise VaultKeyUnknown(key=row["wrapping_key"])
        data_key = await old.unwrap(row["wrapped"], row["key_id"])
        key_ids.append(row["key_id"])
        wrapped.append(await current.wrap(data_key, row["key_id"]))
    if rows:
        await conn.execute(_SQL["wrap_anew"], key_ids, wrapped, current.name)
    return len(rows)


async def counts(conn: "ReadConn") -> list[WrappedCount]:
    """Count the data keys by the key that wraps them; needs the system role."""
    return [WrappedCount(**row) for row in await conn.fetch(_SQL["counts"])]
