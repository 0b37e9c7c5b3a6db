"""Own what the RunManager reads and writes: steps, chunks and their notices, tried until stored."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from core.clock import Clock, utc_from_ns
from core.errors import SourceUnavailable
from core.logs import get_logger
from core.run_life import Step
from core.runs import MANAGER, BackendSnapshot, Chunk, QueuedRun, Run, RunEvent, RunStatus
from storage import run_chunks, runs, snapshots, webhooks
from storage.cache import Cache
from storage.pool import Pools, WriteConn

log = get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Hold how a run ends: its final status, why, and its result or its error."""

    status: RunStatus
    why: str | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStore:
    """Read and write the stored life of runs as the RunManager.

    Every write is one transaction that may be repeated: a step to a status that was reached and a
    chunk that is stored change nothing. While the database is away a write is tried again for
    `patience_s`, so that work that has been done is not lost to a short outage.
    """

    pools: Pools
    cache: Cache
    clock: Clock
    patience_s: float = 60.0
    pause_s: float = 0.25

    async def close(self) -> None:
        """Close the connections."""
        await self.cache.close()
        await self.pools.close()

    async def queue(self) -> list[QueuedRun]:
        """List every run that is not final."""
        async with self.pools.system() as connection:
            return await runs.queue(connection)

    async def queued(self, org_id: UUID, run_id: UUID) -> QueuedRun | None:
        """Return what decides when a run is carried out, None if it is final."""
        async with self.pools.system() as connection:
            return await runs.queued(connection, org_id, run_id)

    async def load(self, org_id: UUID, run_id: UUID) -> Run:
        """Return a whole run."""
        async with self.pools.system() as connection:
            return await runs.get(connection, org_id, run_id)

    async def done(self, run: Run) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the results of the chunks that were stored before."""
        async with self.pools.system() as connection:
            return await run_chunks.done(connection, run.org_id, run.run_id)

    async def begin(
        self, run: Run, steps: Sequence[Step], plan: dict[str, Any], snapshot: BackendSnapshot
    ) -> bool:
        """Store the plan, the backend it chose and the steps into running; False if too late.

        It is too late for a run that runs already, be it by an earlier try whose answer was lost:
        what counts is the plan that is stored.
        """

        async def write(connection: WriteConn) -> list[RunEvent]:
            now = utc_from_ns(self.clock.now_ns())
            found = await runs.queued(connection, run.org_id, run.run_id)
            if found is None or found.status is RunStatus.RUNNING:
                return []
            await snapshots.remember(connection, snapshot, now)
            return await runs.take_steps(
                connection,
                run.org_id,
                run.run_id,
                steps,
                now,
                plan=plan,
                backend=snapshot.backend,
                waiting_for=None,
            )

        return bool(await self._written(run.run_id, write))

    async def remember(self, snapshots_seen: Sequence[BackendSnapshot], run_id: UUID) -> None:
        """Store snapshots of backends that chunks will refer to."""

        async def write(connection: WriteConn) -> None:
            now = utc_from_ns(self.clock.now_ns())
            for snapshot in snapshots_seen:
                await snapshots.remember(connection, snapshot, now)

        await self._written(run_id, write)

    async def record(self, run: Run, chunks: Sequence[Chunk], progress: Step | None) -> None:
        """Store finished chunks, with an event of how far the run is."""

        async def write(connection: WriteConn) -> None:
            now = utc_from_ns(self.clock.now_ns())
            await run_chunks.record(connection, run.org_id, chunks, now)
            if progress is not None:
                await runs.take_steps(connection, run.org_id, run.run_id, [progress], now)

        await self._written(run.run_id, write)

    async def wait_for(self, org_id: UUID, run_id: UUID, why: str | None) -> None:
        """Say why a run does not go on, or with None that it does."""

        async def write(connection: WriteConn) -> None:
            now = utc_from_ns(self.clock.now_ns())
            await runs.set_waiting(connection, org_id, run_id, why, now)

        await self._written(run_id, write)

    async def end(self, run: Run | QueuedRun, ending: Ending, chunks: Sequence[Chunk] = ()) -> bool:
        """Store the last chunks and how a run ends; False if it is final and stays as it is."""
        step = Step.into(ending.status, who=MANAGER, why=ending.why, detail=ending.detail)

        async def write(connection: WriteConn) -> bool:
            now = utc_from_ns(self.clock.now_ns())
            await run_chunks.record(connection, run.org_id, chunks, now)
            taken = await runs.take_steps(
                connection,
                run.org_id,
                run.run_id,
                [step],
                now,
                result=ending.result,
                error=ending.error,
                waiting_for=None,
            )
            if taken:
                await webhooks.enqueue(
                    connection, run.org_id, run.run_id, run.kind, ending.status, now
                )
            return bool(taken)

        return await self._written(run.run_id, write)

    async def _written(self, run_id: UUID, write: Callable[[WriteConn], Awaitable[T]]) -> T:
        """Carry out one transaction and tell who watches the run."""
        tried_s = 0.0
        while True:
            try:
                async with self.pools.system() as connection:
                    written = await write(connection)
                break
            except SourceUnavailable as error:
                if tried_s >= self.patience_s:
                    raise
                log.warning("run.write.repeated", run_id=str(run_id), reason=error.detail)
                await asyncio.sleep(self.pause_s)
                tried_s += self.pause_s
        await self.cache.notify_run(run_id)
        return written
