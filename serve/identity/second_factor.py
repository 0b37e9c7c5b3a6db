"""Own the check of a second factor: a one-time code, or a recovery code in its place."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol
from uuid import UUID

from serve.identity import recovery_codes, totp
from storage.identity import factors

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn

SecondMethod = Literal["totp", "recovery"]
MAX_CODE_CHARS = 64


class VaultPort(Protocol):
    """Seal and open secrets, for one purpose each."""

    async def seal(self, conn: "WriteConn", plaintext: bytes, purpose: str) -> bytes: ...

    async def open(self, conn: "ReadConn", sealed: bytes, purpose: str) -> bytes: ...

    async def shred(self, conn: "WriteConn", sealed: bytes) -> None: ...


async def is_asked(conn: "ReadConn", user_id: UUID) -> bool:
    """Tell whether a user's password is not enough alone."""
    factor = await factors.read_totp(conn, user_id)
    return factor is not None and factor.confirmed_at is not None


async def use(
    conn: "WriteConn", vault: VaultPort, user_id: UUID, code: str, now: datetime
) -> SecondMethod | None:
    """Use a code up and return what it was; None if it is not good (any more)."""
    factor = await factors.read_totp(conn, user_id)
    if factor is None or factor.confirmed_at is None or len(code) > MAX_CODE_CHARS:
        return None
    seed = await vault.open(conn, factor.secret, totp.PURPOSE)
    step = totp.matching_step(seed, code, now.timestamp())
    if step is not None:
        return "totp" if await factors.use_step(conn, user_id, step) else None
    if await factors.use_code(conn, user_id, recovery_codes.digest_of(code), now):
        return "recovery"
    return None
