"""Own what ends with a session or with all that a user was let into: tokens, codes, half-done acts.

Needs the system role, and belongs into the transaction that makes the reason for it.
"""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from storage import sql
from storage.identity import revocations, sessions, sign_in_links

if TYPE_CHECKING:
    from storage.pool import WriteConn

_SQL = sql.load("identity/endings")


async def end_session(conn: "WriteConn", session_id: UUID, now: datetime, reason: str) -> bool:
    """End a session with every token that came of it, and tell whether it was still open."""
    if await sessions.end(conn, session_id, now) is None:
        return False
    await conn.execute(_SQL["revoke_of_session"], session_id, now, reason)
    await conn.execute(_SQL["spend_codes_of_session"], session_id, now)
    await conn.execute(_SQL["refuse_devices_of_session"], session_id)
    await revocations.revoke(conn, "session", str(session_id), now)
    return True


async def end_all(
    conn: "WriteConn", user_id: UUID, now: datetime, reason: str, keep: UUID | None = None
) -> list[UUID]:
    """End every token, link and session of a user, but for a session to keep; return those ended.

    The tokens of the kept session end too: its browser gets new ones by being signed in.
    """
    ended = await sessions.end_of_user(conn, user_id, now, keep)
    await conn.execute(_SQL["revoke_of_user"], user_id, now, reason)
    await conn.execute(_SQL["spend_codes_of_user"], user_id, now)
    await conn.execute(_SQL["refuse_devices_of_user"], user_id)
    await conn.execute(_SQL["forget_challenges_of_user"], user_id)
    await sign_in_links.withdraw(conn, user_id, now)
    await revocations.revoke(conn, "user", str(user_id), now)
    return ended
