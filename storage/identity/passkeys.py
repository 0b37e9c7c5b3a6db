"""Own the stored passkeys: public keys, and how often each was used as far as it tells.

Everything here needs the system role.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from core.errors import NotFound
from storage import sql

if TYPE_CHECKING:
    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/passkeys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """Hold one passkey of a user, under the name that its owner gave it."""

    credential_id: bytes
    user_id: UUID
    public_key: bytes
    sign_count: int
    name: str
    transports: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None


async def add(
    conn: "WriteConn",
    user_id: UUID,
    credential_id: bytes,
    public_key: bytes,
    now: datetime,
    *,
    sign_count: int,
    name: str,
    transports: Sequence[str],
) -> bool:
    """Keep a new passkey, and tell whether it is new to everybody."""
    added = await conn.fetchval(
        _SQL["add"], credential_id, user_id, public_key, sign_count, name, list(transports), now
    )
    return added is not None


async def read(conn: "ReadConn", credential_id: bytes) -> Passkey | None:
    """Return one passkey, whosever it is."""
    row = await conn.fetchrow(_SQL["read"], credential_id)
    return None if row is None else _passkey(row)


async def of_user(conn: "ReadConn", user_id: UUID) -> list[Passkey]:
    """List the passkeys of a user, oldest first."""
    return [_passkey(row) for row in await conn.fetch(_SQL["of_user"], user_id)]


async def use(conn: "WriteConn", passkey: Passkey, sign_count: int, now: datetime) -> bool:
    """Note a use, and tell whether no other use came between."""
    used = await conn.fetchval(
        _SQL["use"], passkey.credential_id, passkey.sign_count, sign_count, now
    )
    return used is not None


async def remove(conn: "WriteConn", user_id: UUID, credential_id: bytes) -> str:
    """Forget a passkey of a user and return its name.

    Raises:
        NotFound: it is not one of the user's.
    """
    name: str | None = await conn.fetchval(_SQL["remove"], user_id, credential_id)
    if name is None:
        raise NotFound(what="passkey", name=credential_id.hex())
    return name


def _passkey(row: "asyncpg.Record") -> Passkey:
    values: dict[str, Any] = {**row, "transports": tuple(row["transports"])}
    return Passkey(**values)
