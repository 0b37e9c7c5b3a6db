"""Own how one run is carried out: planned, fanned out stage by stage, recorded, ended."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from actors.runs.events import Progress, problem_of
from actors.runs.metrics import RunMetrics
from actors.runs.recorder import Recorder
from actors.runs.store import Ending, RunStore
from core.asked import Asked
from core.backends import Backend, Family
from core.clock import Clock
from core.errors import ChunkFailed, RunFailed
from core.run_life import Step
from core.runs import MANAGER, BackendSnapshot, Chunk, Run, RunStatus
from core.specifications import specification_from_json
from jobs.backends.choice import choose
from jobs.backends.snapshots import local_snapshot
from jobs.kinds import kind_of
from jobs.kinds.kind import Kind
from jobs.pieces import Broken, Fanout, Finished, Outcome, Piece, Target, TaskFanout


class Fanouts(Protocol):
    """Lend a fan-out for each target of a run."""

    def tasks(self) -> TaskFanout: ...

    def qpu(self, run: Run, device: str) -> Fanout: ...

    async def check(self, device: str) -> None:
        """Raise BackendUnavailable if a device cannot take work now."""
        ...

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        """Cancel what a run has under way on remote hardware."""
        ...


@dataclass(slots=True)
class _Work:
    """Hold one run while it is carried out."""

    run: Run
    kind: Kind
    specification: Asked
    problem: dict[str, Any]
    plan: dict[str, Any]
    snapshot: BackendSnapshot
    recorder: Recorder
    done: dict[tuple[str, int], dict[str, Any]]

    def pieces(self) -> list[Piece]:
        pieces = self.kind.pieces(self.specification, self.problem, self.plan, self.done)
        again = [piece for piece in pieces if (piece.stage, piece.index) in self.done]
        if again:
            reason = f"chunk {again[0].index} of {again[0].stage} was asked for again"
            raise RunFailed(run_id=str(self.run.run_id), reason=reason)
        return pieces

    def take(self, finished: Finished) -> None:
        self.done[(finished.stage, finished.index)] = finished.result
        self.recorder.add(
            Chunk(
                run_id=self.run.run_id,
                stage=finished.stage,
                index=finished.index,
                result=finished.result,
                elapsed_s=finished.elapsed_s,
                waited_s=finished.waited_s,
                attempts=finished.attempts,
                worker=finished.worker,
                snapshot_id=(finished.snapshot or self.snapshot).digest,
            )
        )


class RunDriver:
    """Carry one run out from wherever it stands; may be cancelled, and begun again, at any point.

    Chunks that were stored are not computed again. Raises BackendUnavailable, with the run still
    queued, where its device cannot take work now.
    """

    def __init__(
        self,
        store: RunStore,
        fanouts: Fanouts,
        clock: Clock,
        memory_bytes: int,
        metrics: RunMetrics,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._fanouts = fanouts
        self._clock = clock
        self._memory_bytes = memory_bytes

    async def drive(self, run: Run) -> None:
        """Carry the run out to its end and store that."""
        work = await self._begun(run)
        if work is None:
            return
        broken: list[Broken] = []
        while not broken and (pieces := work.pieces()):
            broken = await self._carry_out(work, pieces)
        ending = _broken_ending(broken) if broken else await self._assembled(work)
        chunks = work.recorder.rest() + [_broken_chunk(run, one) for one in broken]
        if await self._store.end(run, ending, chunks):
            self._metrics.ended(run.kind, ending.status)

    async def _begun(self, run: Run) -> _Work | None:
        specification = specification_from_json(run.kind, run.specification)
        kind = kind_of(run.kind)
        problem = run.problem or {}
        plan = run.plan
        if plan is None:
            plan, snapshot = await self._planned(run, kind, specification, problem)
            if not await self._store.begin(run, _steps(plan), plan, snapshot):
                return None
            done = {}
        else:
            snapshot = local_snapshot(plan["choice"])
            await self._store.remember([snapshot], run.run_id)
            done = await self._store.done(run)
        progress = Progress(total=plan["chunks"], started_ns=self._clock.now_ns())
        progress.already(len(done))
        return _Work(
            run=run,
            kind=kind,
            specification=specification,
            problem=problem,
            plan=plan,
            snapshot=snapshot,
            recorder=Recorder(self._store, run, progress, self._clock),
            done=done,
        )

    async def _planned(
        self, run: Run, kind: Kind, specification: Asked, problem: dict[str, Any]
    ) -> tuple[dict[str, Any], BackendSnapshot]:
        workload = kind.workload(specification, problem)
        choice = choose(workload, Backend.parse(run.backend), self._memory_bytes)
        if choice.backend.family is Family.IBM:
            await self._fanouts.check(str(choice.backend.device))
        planned = {**kind.plan(specification, problem, choice), "choice": choice.to_json()}
        return planned, local_snapshot(planned["choice"])

    async def _carry_out(self, work: _Work, pieces: Sequence[Piece]) -> list[Broken]:
        """Carry out one stage; return the pieces that failed whenever they were tried."""
        shared = work.kind.shared(work.specification, work.problem, work.plan)
        broken: list[Broken] = []
        async with (
            work.recorder,
            contextlib.aclosing(self._outcomes(work, shared, pieces)) as outcomes,
        ):
            async for outcome in outcomes:
                self._metrics.outcome(work.run.kind, outcome)
                if isinstance(outcome, Broken):
                    broken.append(outcome)
                    continue
                if outcome.snapshot is not None:
                    await self._store.remember([outcome.snapshot], work.run.run_id)
                work.take(outcome)
        return broken

    async def _outcomes(
        self, work: _Work, shared: Any, pieces: Sequence[Piece]
    ) -> AsyncGenerator[Outcome]:
        streams = []
        local = [piece for piece in pieces if piece.target is Target.TASKS]
        if local:
            streams.append(self._fanouts.tasks().run(shared, local))
        remote = [piece for piece in pieces if piece.target is Target.QPU]
        if remote:
            device = str(Backend.parse(work.plan["choice"]["backend"]).device)
            streams.append(self._fanouts.qpu(work.run, device).run(shared, remote))
        async with contextlib.aclosing(merged(streams)) as outcomes:
            async for outcome in outcomes:
                yield outcome

    async def _assembled(self, work: _Work) -> Ending:
        result = await asyncio.to_thread(
            work.kind.assemble, work.specification, work.problem, work.plan, work.done
        )
        return Ending(status=RunStatus.SUCCEEDED, result=result)


async def merged(streams: Sequence[AsyncGenerator[Outcome]]) -> AsyncGenerator[Outcome]:
    """Yield the outcomes of several fan-outs as they come; the first error ends them all."""
    if len(streams) == 1:
        async with contextlib.aclosing(streams[0]) as stream:
            async for outcome in stream:
                yield outcome
        return
    waiting: dict[asyncio.Task[Outcome], AsyncGenerator[Outcome]] = {
        asyncio.ensure_future(anext(stream)): stream for stream in streams
    }
    try:
        while waiting:
            ended, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                stream = waiting.pop(task)
                with contextlib.suppress(StopAsyncIteration):
                    outcome = task.result()
                    waiting[asyncio.ensure_future(anext(stream))] = stream
                    yield outcome
    finally:
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting)
        for stream in streams:
            await stream.aclose()


def _steps(plan: dict[str, Any]) -> list[Step]:
    choice = plan["choice"]
    detail = {
        "backend": choice["backend"],
        "method": choice["method"],
        "estimated_s": choice["estimated_s"],
        "chunks": plan["chunks"],
    }
    return [
        Step.into(RunStatus.PLANNING, who=MANAGER),
        Step.into(RunStatus.RUNNING, who=MANAGER, why=choice["why"], detail=detail),
    ]


def _broken_ending(broken: Sequence[Broken]) -> Ending:
    first = broken[0]
    reason = str(first.error.get("detail", first.error.get("code", "unknown")))
    error = ChunkFailed(
        stage=first.stage, index=first.index, attempts=first.attempts, reason=reason
    )
    named = [
        {"stage": one.stage, "index": one.index, "attempts": one.attempts, **one.error}
        for one in broken
    ]
    return Ending(
        status=RunStatus.FAILED,
        why=error.detail,
        error={**problem_of(error), "cause": first.error, "chunks": named},
    )


def _broken_chunk(run: Run, broken: Broken) -> Chunk:
    return Chunk(
        run_id=run.run_id,
        stage=broken.stage,
        index=broken.index,
        result=None,
        error=broken.error,
        elapsed_s=0.0,
        attempts=broken.attempts,
    )
