"""Own the stored intents of jobs on quantum hardware, and what of each month's budget they use.

An intent is written before its job is sent, and never twice for one chunk. Needs the system role,
reading an organisation's usage apart.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from core.errors import BackendUnavailable, BudgetExhausted
from storage import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from storage.pool import ReadConn, WriteConn

_SQL = sql.load("qpu")


class IntentState(StrEnum):
    """Name where an intent stands; only an open one may have a job that still matters."""

    OPEN = "open"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class IntentKey(NamedTuple):
    """Name the chunk that an intent is for."""

    org_id: UUID
    run_id: UUID
    stage: str
    chunk_index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIntent:
    """Hold an intent that is about to be written; its job may use `budget_s` seconds."""

    key: IntentKey
    tag: str
    device: str
    primitive: str
    budget_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Hold an intent as stored.

    `attempted_at` is when its job was last sent, `job_id` the vendor's name of the one that
    counts, `duplicates` those of others that were accepted too. `facts` tell of the circuit as it
    was sent. `usage_s` is what all of them used, None until the vendor has settled it.
    """

    key: IntentKey
    tag: str
    device: str
    primitive: str
    budget_s: int
    state: IntentState
    cancel_requested: bool
    attempts: int
    attempted_at: datetime | None
    job_id: str | None
    duplicates: tuple[str, ...]
    snapshot_id: bytes | None
    facts: dict[str, Any] | None
    reason: str | None
    usage_s: float | None
    created_at: datetime
    submitted_at: datetime | None
    closed_at: datetime | None
    is_run_final: bool = False

    @property
    def is_open(self) -> bool:
        return self.state is IntentState.OPEN

    @property
    def is_wanted(self) -> bool:
        """Tell whether somebody still waits for its job."""
        return self.is_open and not self.cancel_requested and not self.is_run_final


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthUsage:
    """Tell what of a month's seconds is used, and what is set aside for jobs not settled yet."""

    used_s: float
    reserved_s: float


async def open_intent(conn: "WriteConn", new: NewIntent, monthly_s: int, now: datetime) -> Intent:
    """Write an intent, or return the one that the chunk has.

    Raises:
        BudgetExhausted: the month has fewer seconds left than its job may use.
        BackendUnavailable: it has them left if the jobs under way do not use all they may.
    """
    await conn.execute(_SQL["lock_budget"], new.key.org_id)
    known = await get(conn, new.key)
    if known is not None:
        return known
    usage = await month_usage(conn, new.key.org_id, now)
    left_s = max(0, int(monthly_s - usage.used_s))
    if new.budget_s > left_s:
        raise BudgetExhausted(needed_s=new.budget_s, left_s=left_s, budget_s=monthly_s)
    if new.budget_s > left_s - usage.reserved_s:
        reason = "what is left of the month is set aside for jobs under way"
        raise BackendUnavailable(backend=f"ibm:{new.device}", reason=reason)
    row = await conn.fetchrow(
        _SQL["insert"], *new.key, new.tag, new.device, new.primitive, new.budget_s, now
    )
    assert row is not None  # noqa: S101 - it returns what it inserted
    return _intent(row)


async def get(conn: "ReadConn", key: IntentKey) -> Intent | None:
    """Return the intent of a chunk."""
    row = await conn.fetchrow(_SQL["read"], *key)
    return None if row is None else _intent(row)


async def unsettled(conn: "ReadConn") -> list[Intent]:
    """List the intents that are open, or whose usage is not known yet, the oldest first."""
    return [_intent(row) for row in await conn.fetch(_SQL["unsettled"])]


async def by_tags(conn: "ReadConn", tags: "Sequence[str]") -> dict[str, Intent]:
    """Map those of some tags that are known to their intents."""
    found = [_intent(row) for row in await conn.fetch(_SQL["by_tags"], list(tags))]
    return {intent.tag: intent for intent in found}


async def attempts_since(conn: "ReadConn", moment: datetime) -> list[datetime]:
    """List when jobs were sent since a moment, in order."""
    return [row["attempted_at"] for row in await conn.fetch(_SQL["attempts_since"], moment)]


async def record_attempt(
    conn: "WriteConn", key: IntentKey, snapshot_id: bytes, facts: dict[str, Any], now: datetime
) -> Intent | None:
    """Write that the job is about to be sent; None if it is not wanted any more."""
    row = await conn.fetchrow(_SQL["record_attempt"], *key, now, snapshot_id, facts)
    return None if row is None else _intent(row)


async def record_job(
    conn: "WriteConn", key: IntentKey, job_id: str, duplicates: "Sequence[str]", now: datetime
) -> Intent:
    """Write which job counts, if none does yet, and which others were accepted too."""
    row = await conn.fetchrow(_SQL["record_job"], *key, job_id, list(duplicates), now)
    assert row is not None  # noqa: S101 - intents are never deleted
    return _intent(row)


async def close(
    conn: "WriteConn",
    key: IntentKey,
    state: IntentState,
    *,
    reason: str | None,
    usage_s: float | None,
    now: datetime,
) -> bool:
    """End an open intent; False if it had ended."""
    row = await conn.fetchrow(_SQL["close"], *key, state.value, reason, usage_s, now)
    return row is not None


async def drop(conn: "WriteConn", intent: Intent, reason: str, now: datetime) -> bool:
    """End an open intent that has no job; False if one was sent since it was read, or it ended."""
    row = await conn.fetchrow(_SQL["drop"], *intent.key, intent.attempts, reason, now)
    return row is not None


async def settle(conn: "WriteConn", key: IntentKey, usage_s: float) -> None:
    """Write what the jobs of an ended intent used, if that is not known yet."""
    await conn.execute(_SQL["settle"], *key, usage_s)


async def request_cancel(conn: "WriteConn", org_id: UUID, run_id: UUID) -> None:
    """Write that the open jobs of a run are not wanted any more."""
    await conn.execute(_SQL["request_cancel"], org_id, run_id)


async def month_usage(conn: "ReadConn", org_id: UUID, now: datetime) -> MonthUsage:
    """Return what an organisation uses of the month, in UTC, that a moment is in."""
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    years, month = divmod(start.month, 12)
    end = start.replace(year=start.year + years, month=month + 1)
    row = await conn.fetchrow(_SQL["month_usage"], org_id, start, end)
    assert row is not None  # noqa: S101 - an aggregate has one row
    return MonthUsage(used_s=row["used_s"], reserved_s=row["reserved_s"])


def _intent(row: "asyncpg.Record") -> Intent:
    values = dict(row)
    key = IntentKey(
        values.pop("org_id"), values.pop("run_id"), values.pop("stage"), values.pop("chunk_index")
    )
    state, duplicates = IntentState(values.pop("state")), tuple(values.pop("duplicates"))
    return Intent(key=key, state=state, duplicates=duplicates, **values)
