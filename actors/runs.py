"""Own the life of every run: plan it, fan it out, merge it, cancel it, pick it up again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from actors.run_events import Progress, problem_of
from core.clock import Clock, utc_from_ns
from core.errors import HeliostatError, SourceUnavailable
from core.logs import get_logger
from core.runs import Chunk, PortfolioSpecification, Run, RunStatus, Stage
from jobs import portfolio as portfolio_job
from jobs.pieces import Fanout, Finished, Piece
from jobs.planning import plan_problem, sampling_pieces, training_pieces
from quant.portfolio_problem import PortfolioProblem
from storage import runs
from storage.cache import Cache
from storage.pool import DatabaseUrls, Pools, open_pools
from storage.settlement_windows import load_histories

log = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunManagerConfig:
    """Say where runs are stored and how many are carried out at a time."""

    database: DatabaseUrls
    cache_url: str
    max_running: int = 2
    sweep_interval_s: float = 2.0


@dataclass(slots=True)
class _Work:
    """Hold one run while it is carried out: its finished chunks, and how far it is."""

    run: Run
    specification: PortfolioSpecification
    problem: PortfolioProblem
    done: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def results(self, stage: Stage) -> list[dict[str, Any]]:
        return [self.done[key] for key in sorted(self.done) if key[0] == stage]

    def missing(self, pieces: Sequence[Piece]) -> list[Piece]:
        return [piece for piece in pieces if (piece.task, piece.index) not in self.done]


class RunManager:
    """Carry out every run that is not final.

    Owns: which runs are being carried out in this process. Everything else is in PostgreSQL, so
    after a restart the constructor picks up every unfinished run, recomputes no finished chunk
    and stores none twice. Callers may retry `submit` and `cancel` as often as they like.
    """

    async def __init__(self, config: RunManagerConfig, fanout: Fanout, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._fanout = fanout
        self._clock = clock
        self._pools: Pools = await open_pools(config.database)
        self._cache = await Cache.open(config.cache_url)
        self._gate = asyncio.Semaphore(config.max_running)
        self._driving: dict[UUID, asyncio.Task[None]] = {}
        self._sweeper = asyncio.create_task(self._sweep())

    async def submit(self, org_id: UUID, run_id: UUID) -> None:
        """Carry out a stored run now instead of at the next sweep."""
        async with self._pools.read(org_id) as connection:
            run = await runs.get(connection, org_id, run_id)
        self._take(run)

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        """Stop a run whose cancellation is stored; its outstanding tasks are cancelled."""
        task = self._driving.get(run_id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await self._finish(org_id, run_id, RunStatus.CANCELLED, {"reason": "asked for"})

    async def _sweep(self) -> None:
        while True:
            try:
                async with self._pools.system() as connection:
                    unfinished = await runs.unfinished(connection)
                for run in unfinished:
                    self._take(run)
            except SourceUnavailable as error:
                log.warning("runs.sweep.postponed", reason=error.detail)
            await asyncio.sleep(self._config.sweep_interval_s)

    def _take(self, run: Run) -> None:
        if run.status.is_final or run.run_id in self._driving:
            return
        task = asyncio.create_task(self._drive(run))
        self._driving[run.run_id] = task
        task.add_done_callback(lambda _: self._driving.pop(run.run_id, None))

    async def _drive(self, run: Run) -> None:
        try:
            async with self._gate:
                await self._carry_out(run)
        except SourceUnavailable as error:
            log.warning("run.postponed", run_id=str(run.run_id), reason=error.detail)
        except HeliostatError as error:
            await self._fail(run, problem_of(error))
        # One run that breaks in a way nobody foresaw must not end the manager of all others.
        except Exception as error:
            log.exception("run.broke", run_id=str(run.run_id))
            detail = f"{type(error).__name__}: {error}"
            await self._fail(run, {"code": "internal", "detail": detail})

    async def _fail(self, run: Run, problem: dict[str, Any]) -> None:
        try:
            await self._finish(run.org_id, run.run_id, RunStatus.FAILED, problem, error=problem)
        except SourceUnavailable as unavailable:
            log.warning("run.postponed", run_id=str(run.run_id), reason=unavailable.detail)

    async def _carry_out(self, run: Run) -> None:
        if run.cancel_requested:
            await self._finish(run.org_id, run.run_id, RunStatus.CANCELLED, {"reason": "asked for"})
            return
        work = await self._planned(run)
        if work is None:
            return
        async with self._pools.system() as connection:
            for chunk in await runs.chunks(connection, run.org_id, run.run_id):
                work.done[(chunk.stage, chunk.index)] = chunk.result
        training = training_pieces(work.specification)
        groups = sampling_pieces(work.specification, (), ())
        progress = Progress(total=len(training) + len(groups), started_ns=self._clock.now_ns())
        progress.already(len(work.done))
        await self._run_pieces(work, work.missing(training), progress)
        best = portfolio_job.best_angles(work.results(Stage.TRAIN))
        sampling = sampling_pieces(work.specification, best.gammas, best.betas)
        await self._run_pieces(work, work.missing(sampling), progress)
        result = await asyncio.to_thread(
            portfolio_job.assemble,
            work.problem,
            work.specification,
            work.results(Stage.TRAIN),
            work.results(Stage.SAMPLE),
            work.results(Stage.CLASSICAL)[0],
        )
        await self._finish(
            run.org_id, run.run_id, RunStatus.SUCCEEDED, {"result": True}, result=result
        )

    async def _planned(self, run: Run) -> _Work | None:
        specification = PortfolioSpecification.from_json(run.specification)
        if run.problem is not None:
            problem = PortfolioProblem.from_json(run.problem)
            return _Work(run=run, specification=specification, problem=problem)
        if run.status is RunStatus.QUEUED:
            await self._move(run, RunStatus.PLANNING, {})
        async with self._pools.read(run.org_id) as connection:
            loaded = await load_histories(connection, run.org_id, specification)
        problem = await asyncio.to_thread(
            plan_problem, specification, loaded.histories, loaded.recorded_until
        )
        detail = {"contracts": len(problem.labels), "subsets": problem.basis.size}
        moved = await self._move(run, RunStatus.RUNNING, detail, problem=problem.to_json())
        return _Work(run=run, specification=specification, problem=problem) if moved else None

    async def _run_pieces(self, work: _Work, pieces: list[Piece], progress: "Progress") -> None:
        if not pieces:
            return
        stream = self._fanout.run(work.problem, pieces)
        try:
            async for finished in stream:
                await self._record(work, finished, progress)
        finally:
            await stream.aclose()

    async def _record(self, work: _Work, finished: Finished, progress: "Progress") -> None:
        run = work.run
        chunk = Chunk(
            run_id=run.run_id,
            stage=Stage(finished.task),
            index=finished.index,
            result=finished.result,
            elapsed_s=finished.elapsed_s,
        )
        now_ns = self._clock.now_ns()
        now = utc_from_ns(now_ns)
        work.done[(finished.task, finished.index)] = finished.result
        progress.advance()
        detail = progress.detail(finished.task, now_ns)
        async with self._pools.system() as connection:
            await runs.record_chunk(connection, run.org_id, chunk, now)
            await runs.add_event(connection, run.org_id, run.run_id, "progress", detail, now)
        await self._cache.notify_run(run.run_id)

    async def _move(
        self,
        run: Run,
        to: RunStatus,
        detail: dict[str, Any],
        problem: dict[str, Any] | None = None,
    ) -> bool:
        now = utc_from_ns(self._clock.now_ns())
        async with self._pools.system() as connection:
            event = await runs.transition(
                connection, run.org_id, run.run_id, to, to.value, detail, now, problem=problem
            )
        await self._cache.notify_run(run.run_id)
        return event is not None

    async def _finish(
        self,
        org_id: UUID,
        run_id: UUID,
        to: RunStatus,
        detail: dict[str, Any],
        result: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
    ) -> None:
        now = utc_from_ns(self._clock.now_ns())
        async with self._pools.system() as connection:
            await runs.transition(
                connection, org_id, run_id, to, to.value, detail, now, result=result, error=error
            )
        await self._cache.notify_run(run_id)
