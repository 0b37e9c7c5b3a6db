"""Own the stored second factors: the sealed seed of one-time codes, and digests of recovery codes.

Everything here needs the system role.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("identity/factors")


@dataclass(frozen=True, slots=True, kw_only=True)
class TotpFactor:
    """Hold a sealed seed; it is asked for once its user showed a code of it."""

    secret: bytes
    confirmed_at: datetime | None


async def propose_totp(conn: "WriteConn", user_id: UUID, secret: bytes, now: datetime) -> bool:
    """Keep a seed that is to be confirmed, and tell whether the user has no confirmed one."""
    return await conn.fetchval(_SQL["propose_totp"], user_id, secret, now) is not None


async def read_totp(conn: "ReadConn", user_id: UUID) -> TotpFactor | None:
    """Return the seed of a user, confirmed or not."""
    row = await conn.fetchrow(_SQL["read_totp"], user_id)
    return None if row is None else TotpFactor(**row)


async def confirm_totp(
    conn: "WriteConn", user_id: UUID, secret: bytes, step: int, now: datetime
) -> bool:
    """Ask for a seed from now on, its step used up; tell whether it was the one proposed."""
    return await conn.fetchval(_SQL["confirm_totp"], user_id, now, step, secret) is not None


async def use_step(conn: "WriteConn", user_id: UUID, step: int) -> bool:
    """Use up a step and all before it, and tell whether it was still good."""
    return await conn.fetchval(_SQL["use_step"], user_id, step) is not None


async def remove_totp(conn: "WriteConn", user_id: UUID) -> bytes | None:
    """Forget a confirmed seed with the recovery codes; return what was sealed, None if nothing."""
    secret: bytes | None = await conn.fetchval(_SQL["remove_totp"], user_id)
    if secret is not None:
        await conn.execute(_SQL["forget_codes"], user_id)
    return secret


async def replace_codes(
    conn: "WriteConn", user_id: UUID, digests: Sequence[bytes], now: datetime
) -> None:
    """Keep new recovery codes; the former ones are good no more."""
    await conn.execute(_SQL["forget_codes"], user_id)
    await conn.execute(_SQL["add_codes"], user_id, digests, now)


async def use_code(conn: "WriteConn", user_id: UUID, digest: bytes, now: datetime) -> bool:
    """Use up a recovery code, and tell whether it was still good."""
    return await conn.fetchval(_SQL["use_code"], user_id, digest, now) is not None


async def codes_left(conn: "ReadConn", user_id: UUID) -> int:
    """Return how many recovery codes are still good."""
    left: int = await conn.fetchval(_SQL["codes_left"], user_id)
    return left
