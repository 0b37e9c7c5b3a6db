"""Own the stored counts of failed tries, by subjects that name nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from storage import sql

if TYPE_CHECKING:
    from storage.pool import WriteConn

_SQL = sql.load("identity/throttles")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Hold how often a subject failed, and until when its next try is not taken."""

    count: int
    last_failed_at: datetime | None
    blocked_until: datetime | None


async def hold(conn: "WriteConn", subjects: Sequence[str], now: datetime) -> dict[str, Failures]:
    """Return the state of each subject; nobody else changes them until the transaction ends."""
    await conn.execute(_SQL["open"], subjects, now)
    return {
        row["subject"]: Failures(
            count=row["failures"],
            last_failed_at=row["last_failed_at"],
            blocked_until=row["blocked_until"],
        )
        for row in await conn.fetch(_SQL["hold"], subjects)
    }


async def keep(conn: "WriteConn", subject: str, state: Failures) -> None:
    """Keep the state of a subject that is held."""
    await conn.execute(
        _SQL["keep"], subject, state.count, state.last_failed_at, state.blocked_until
    )


async def forget(conn: "WriteConn", subjects: Sequence[str]) -> None:
    """Forget all failures of some subjects."""
    await conn.execute(_SQL["forget"], subjects)


async def give_back(conn: "WriteConn", subject: str) -> None:
    """Take one failure back, with the delay that it brought."""
    await conn.execute(_SQL["give_back"], subject)
