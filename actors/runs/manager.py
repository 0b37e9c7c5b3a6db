"""Own the life of every run: take it from the queue, carry it out, cancel it, pick it up again."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from actors.loops import end_loops, start_loops
from actors.runs.driver import Fanouts, RunDriver
from actors.runs.events import problem_of
from actors.runs.metrics import Meter, RunMetrics, Unmetered
from actors.runs.scheduling import Lane, Places, decide, lane_of
from actors.runs.store import Ending, RunStore
from core.clock import NANOSECONDS_PER_SECOND, Clock, utc_from_ns
from core.errors import BackendUnavailable, DeadlineMissed, HeliostatError, SourceUnavailable
from core.logs import get_logger
from core.runs import QueuedRun, RunStatus
from storage.cache import Cache
from storage.pool import DatabaseUrls, open_pools

log = get_logger(__name__)

_CANCELLED = Ending(status=RunStatus.CANCELLED, why="asked for")
_LONGEST_HOLD_S = 60.0
_ENDINGS_AT_ONCE = 2
"""End so many runs that were never begun at a time: they share the connections of all others."""

_WARM_WITHIN_S = 30.0
_STOP_AGAIN_NS = 10 * NANOSECONDS_PER_SECOND
_DECIDING_SHARE = 0.2
"""Spend at most this share of the time on deciding, however long the queue is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunManagerConfig:
    """Say where runs are stored, how many are carried out at a time, and with what memory.

    `memory_bytes` is what one task may take; it bounds what the choice of a backend allows. When
    so many sweeps in a row have found nothing to do, the workers are made warm.
    """

    database: DatabaseUrls
    cache_url: str
    memory_bytes: int
    places: Places = field(default_factory=Places)
    sweep_interval_s: float = 2.0
    warm_after_sweeps: int = 3


class RunManager:
    """Carry out every run that is not final.

    Owns: which runs are being carried out in this process. Everything else is in PostgreSQL, so
    after a restart the constructor picks up every unfinished run, recomputes no stored chunk and
    stores none twice. Callers may retry `submit` and `cancel` as often as they like.
    """

    async def __init__(  # type: ignore[misc]  # Ray awaits it
        self,
        config: RunManagerConfig,
        fanouts: Fanouts,
        clock: Clock,
        meter: Meter | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._fanouts = fanouts
        self._store = RunStore(
            pools=await open_pools(config.database),
            cache=await Cache.open(config.cache_url),
            clock=clock,
        )
        self._metrics = RunMetrics(meter or Unmetered())
        self._driver = RunDriver(self._store, fanouts, clock, config.memory_bytes, self._metrics)
        self._queue: dict[UUID, QueuedRun] = {}
        self._carried: dict[UUID, QueuedRun] = {}
        self._ending: dict[UUID, QueuedRun] = {}
        self._endings = asyncio.Semaphore(_ENDINGS_AT_ONCE)
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._held: dict[UUID, datetime] = {}
        self._hold_s: dict[UUID, float] = {}
        self._stopped_ns: dict[UUID, int] = {}
        self._decides_at: asyncio.TimerHandle | None = None
        self._decided_s = 0.0
        self._is_stopping = False
        self._idle_sweeps = 0
        self._warming: asyncio.Task[None] | None = None
        self._loops = start_loops(self._sweep())

    def __repr__(self) -> str:
        # Ray asks once, when the actor begins, and shows that for ever: only what stays true.
        places = self._config.places
        return f"RunManager({places.local} local and {places.remote} remote places)"

    async def submit(self, org_id: UUID, run_id: UUID) -> None:
        """Look at a stored run now instead of at the next sweep."""
        run = await self._store.queued(org_id, run_id)
        if run is not None:
            self._queue[run_id] = run
            self._schedule()

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        """Stop a run whose cancellation is stored; its outstanding tasks are cancelled."""
        task = self._tasks.get(run_id)
        if task is not None:
            self._stop(run_id, task)
            await asyncio.wait([task])
        run = await self._store.queued(org_id, run_id)
        if run is not None:
            await self._end(run, _CANCELLED)

    async def stop(self) -> None:
        """End what is under way here; it stays stored as it is, for the next manager."""
        self._is_stopping = True
        warming = [] if self._warming is None else [self._warming]
        await end_loops([*self._loops, *self._tasks.values(), *warming])
        await self._store.close()

    async def _sweep(self) -> None:
        while True:
            try:
                found = await self._store.queue()
            except SourceUnavailable as error:
                log.warning("runs.sweep.postponed", reason=error.detail)
            else:
                self._queue = {run.run_id: run for run in found}
                self._queue.update(self._carried)
                for run in found:
                    if run.cancel_requested and run.run_id in self._carried:
                        self._stop(run.run_id, self._tasks[run.run_id])
                self._schedule()
                self._idle_sweeps += 1
                if self._idle_sweeps == self._config.warm_after_sweeps:
                    self._warming = asyncio.create_task(self._warm(), name="warm")
            await asyncio.sleep(self._config.sweep_interval_s)

    async def _warm(self) -> None:
        """Make workers warm: the first ones, and those that took the place of others."""
        try:
            async with asyncio.timeout(_WARM_WITHIN_S):
                await self._fanouts.tasks().warm()
        except (SourceUnavailable, TimeoutError) as error:
            log.warning("runs.warming.postponed", reason=str(error))
            self._idle_sweeps = 0

    def _stop(self, run_id: UUID, task: asyncio.Task[None]) -> None:
        """Cancel what carries a run out; once more only if that has had no effect for a while.

        A second cancellation would disturb what the first one has begun to close.
        """
        now_ns = self._clock.now_ns()
        stopped_ns = self._stopped_ns.get(run_id)
        if stopped_ns is None or now_ns - stopped_ns > _STOP_AGAIN_NS:
            self._stopped_ns[run_id] = now_ns
            task.cancel()

    def _schedule(self) -> None:
        """Decide soon; what happens until then is decided about together."""
        if self._decides_at is None and not self._is_stopping:
            pause_s = self._decided_s * (1.0 / _DECIDING_SHARE - 1.0)
            self._decides_at = asyncio.get_running_loop().call_later(pause_s, self._decide)

    def _decide(self) -> None:
        self._decides_at = None
        if self._is_stopping:
            return
        began_ns = self._clock.now_ns()
        waiting = [run for run in self._queue.values() if run.run_id not in self._ending]
        decision = decide(
            waiting, self._carried, self._held, utc_from_ns(began_ns), self._config.places
        )
        for run in decision.cancel:
            self._start(run, self._end_in_turn(run, _CANCELLED), self._ending)
        for run in decision.expire:
            self._start(run, self._end_in_turn(run, _late(run)), self._ending)
        for run in decision.start:
            self._start(run, self._drive(run), self._carried)
        self._metrics.standing(self._queue.values(), self._carried)
        self._decided_s = max(self._clock.now_ns() - began_ns, 0) / NANOSECONDS_PER_SECOND

    def _start(
        self, run: QueuedRun, body: Coroutine[Any, Any, None], among: dict[UUID, QueuedRun]
    ) -> None:
        self._idle_sweeps = 0
        among[run.run_id] = run
        task = asyncio.create_task(body, name=f"run-{run.run_id}")
        self._tasks[run.run_id] = task
        task.add_done_callback(lambda _: self._ended(run.run_id))

    def _ended(self, run_id: UUID) -> None:
        for known in (self._tasks, self._carried, self._ending, self._stopped_ns, self._queue):
            known.pop(run_id, None)
        self._schedule()

    def _forget(self, run_id: UUID) -> None:
        self._queue.pop(run_id, None)
        self._held.pop(run_id, None)
        self._hold_s.pop(run_id, None)

    async def _drive(self, queued: QueuedRun) -> None:
        """Carry one run out, and make of every way that this may go wrong a stored answer."""
        try:
            run = await self._store.load(queued.org_id, queued.run_id)
            if run.status.is_final:
                return
            await self._within_deadline(queued, self._driver.drive(run))
            self._forget(queued.run_id)
        except BackendUnavailable as error:
            await self._postpone(queued, error)
        except SourceUnavailable as error:
            log.warning("run.postponed", run_id=str(queued.run_id), reason=error.detail)
        except HeliostatError as error:
            await self._end(queued, _failed(problem_of(error), error.detail))
        except Exception as error:  # a run that breaks unforeseen must not end all others
            log.exception("run.broke", run_id=str(queued.run_id))
            detail = f"{type(error).__name__}: {error}"
            await self._end(queued, _failed({"code": "internal", "detail": detail}, detail))

    async def _within_deadline(self, run: QueuedRun, body: Coroutine[Any, Any, None]) -> None:
        limit = asyncio.timeout(self._seconds_until(run.deadline))
        try:
            async with limit:
                await body
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlineMissed(deadline=str(run.deadline)) from None

    async def _postpone(self, run: QueuedRun, error: BackendUnavailable) -> None:
        """Leave a run queued, saying why, and look again after a pause that grows."""
        pause_s = min(2.0 * self._hold_s.get(run.run_id, 1.0), _LONGEST_HOLD_S)
        self._hold_s[run.run_id] = pause_s
        now = utc_from_ns(self._clock.now_ns())
        self._held[run.run_id] = now + timedelta(seconds=pause_s)
        try:
            await self._store.wait_for(run.org_id, run.run_id, error.detail)
        except SourceUnavailable as unavailable:
            log.warning("run.postponed", run_id=str(run.run_id), reason=unavailable.detail)

    async def _end_in_turn(self, run: QueuedRun, ending: Ending) -> None:
        async with self._endings:
            await self._end(run, ending)

    async def _end(self, run: QueuedRun, ending: Ending) -> None:
        try:
            is_new = await self._store.end(run, ending)
        except SourceUnavailable as unavailable:
            log.warning("run.postponed", run_id=str(run.run_id), reason=unavailable.detail)
            return
        if is_new:
            self._metrics.ended(run.kind, ending.status)
        if lane_of(run) is Lane.REMOTE:
            await self._release(run.org_id, run.run_id)
        self._forget(run.run_id)

    async def _release(self, org_id: UUID, run_id: UUID) -> None:
        """Cancel what is under way on remote hardware for a run that has ended."""
        try:
            await self._fanouts.cancel(org_id, run_id)
        except SourceUnavailable as unavailable:
            # Whoever holds the hardware looks by itself for work of runs that have ended.
            log.warning("run.release.postponed", run_id=str(run_id), reason=unavailable.detail)

    def _seconds_until(self, deadline: datetime | None) -> float | None:
        if deadline is None:
            return None
        return (deadline - utc_from_ns(self._clock.now_ns())).total_seconds()


def _late(run: QueuedRun) -> Ending:
    error = DeadlineMissed(deadline=str(run.deadline))
    return _failed(problem_of(error), error.detail)


def _failed(problem: dict[str, object], why: str) -> Ending:
    return Ending(status=RunStatus.FAILED, why=why, error=problem)
