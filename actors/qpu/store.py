"""Own what the QpuActor reads and writes: intents, the budget they draw on, and snapshots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from uuid_utils import uuid7

from actors.qpu.requests import QpuRequest
from core.clock import Clock, ns_from_utc, utc_from_ns
from core.runs import BackendSnapshot
from storage import plans, qpu, snapshots
from storage.pool import Pools
from storage.qpu import Intent, IntentKey, IntentState, NewIntent

_MINUTE = timedelta(minutes=1)


def key_of(request: QpuRequest) -> IntentKey:
    """Name the chunk that a request is for."""
    return IntentKey(request.org_id, request.run_id, request.stage, request.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class QpuStore:
    """Read and write intents, each time in a transaction of its own that may be repeated.

    Every method raises SourceUnavailable while the database is away.
    """

    pools: Pools
    clock: Clock

    @property
    def now(self) -> datetime:
        return utc_from_ns(self.clock.now_ns())

    async def open(self, request: QpuRequest) -> Intent:
        """Write the intent of a request, or return the one that there is.

        Raises:
            BudgetExhausted: the organisation's month has too few seconds left.
        """
        new = NewIntent(
            key=key_of(request),
            tag=f"heliostat-{uuid7()}",
            device=request.device,
            primitive=request.primitive,
            budget_s=request.budget_s,
        )
        async with self.pools.system() as connection:
            plan = await plans.plan_of(connection, request.org_id)
            return await qpu.open_intent(connection, new, plan.qpu_seconds, self.now)

    async def read(self, key: IntentKey) -> Intent | None:
        """Return the intent of a chunk."""
        async with self.pools.system() as connection:
            return await qpu.get(connection, key)

    async def attempt(
        self, key: IntentKey, snapshot: BackendSnapshot, facts: dict[str, Any]
    ) -> Intent | None:
        """Write that a job is about to be sent, and to what; None if it is not wanted any more."""
        async with self.pools.system() as connection:
            await snapshots.remember(connection, snapshot, self.now)
            return await qpu.record_attempt(connection, key, snapshot.digest, facts, self.now)

    async def snapshot(self, intent: Intent) -> BackendSnapshot:
        """Return the device as it was when the job of an intent was sent."""
        async with self.pools.system() as connection:
            return await snapshots.get(connection, intent.snapshot_id or b"")

    async def job(self, key: IntentKey, job_id: str, duplicates: Sequence[str]) -> Intent:
        """Write which job counts, and which others were accepted too."""
        async with self.pools.system() as connection:
            return await qpu.record_job(connection, key, job_id, duplicates, self.now)

    async def close(
        self, key: IntentKey, state: IntentState, *, reason: str | None, usage_s: float | None
    ) -> None:
        """End an intent."""
        async with self.pools.system() as connection:
            await qpu.close(connection, key, state, reason=reason, usage_s=usage_s, now=self.now)

    async def drop(self, intent: Intent, reason: str) -> None:
        """End an intent without a job, unless one has been sent since it was read."""
        async with self.pools.system() as connection:
            await qpu.drop(connection, intent, reason, self.now)

    async def settle(self, key: IntentKey, usage_s: float) -> None:
        """Write what the jobs of an ended intent used."""
        async with self.pools.system() as connection:
            await qpu.settle(connection, key, usage_s)

    async def request_cancel(self, org_id: UUID, run_id: UUID) -> None:
        """Write that the open jobs of a run are not wanted any more."""
        async with self.pools.system() as connection:
            await qpu.request_cancel(connection, org_id, run_id)

    async def unsettled(self) -> list[Intent]:
        """List the intents that are open, or whose usage is not known yet."""
        async with self.pools.system() as connection:
            return await qpu.unsettled(connection)

    async def by_tags(self, tags: Sequence[str]) -> dict[str, Intent]:
        """Map those of some tags that are known to their intents."""
        async with self.pools.system() as connection:
            return await qpu.by_tags(connection, tags)

    async def sent_ns(self) -> list[int]:
        """List when jobs were sent within the last minute."""
        async with self.pools.system() as connection:
            moments = await qpu.attempts_since(connection, self.now - _MINUTE)
        return [ns_from_utc(moment) for moment in moments]
