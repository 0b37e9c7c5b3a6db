"""Check that the RunManager carries every run to one stored end, whatever goes wrong on the way.

The database and the cache are real. Pieces are carried out in this process by a fan-out whose
outcomes each test decides; the kind of run is one that squares numbers and adds them up.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import uuid_utils.compat as uuid_utils

from actors.runs import driver
from actors.runs import manager as run_manager
from actors.runs.manager import RunManager, RunManagerConfig
from actors.runs.metrics import CHUNK_SECONDS, ENDED, RUNS, Measure
from actors.runs.scheduling import Places, decide
from core.clock import SystemClock
from core.errors import BackendUnavailable, SourceUnavailable
from core.runs import DEFAULT_ORG, NewRun, Run, RunKind, RunStatus
from jobs.backends.choice import Choice, Workload
from jobs.pieces import Broken, Done, Finished, Outcome, Piece, Target
from storage import run_chunks, run_events, runs
from storage.pool import Pools
from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

SPECIFICATION = {"program": "OPENQASM 3.0; qubit q;"}
NUMBERS = 6


class Squares:
    """Square some numbers in one stage and add them up in the next."""

    def workload(self, specification: Any, problem: dict[str, Any]) -> Workload:
        return Workload(
            qubits=1,
            points=1,
            shots=1,
            gates=1,
            two_qubit_gates=0,
            depth=1,
            cut_bits=0,
            is_clifford=False,
            is_dynamic=False,
            needs_circuits=True,
        )

    def plan(self, specification: Any, problem: dict[str, Any], choice: Choice) -> dict[str, Any]:
        return {"chunks": NUMBERS + 1}

    def shared(self, specification: Any, problem: dict[str, Any], plan: dict[str, Any]) -> Any:
        return problem

    def pieces(
        self, specification: Any, problem: dict[str, Any], plan: dict[str, Any], done: Done
    ) -> list[Piece]:
        target = Target.QPU if plan["choice"]["backend"].startswith("ibm:") else Target.TASKS
        squares = [
            Piece(stage="square", index=index, task="square", arguments=(index,), target=target)
            for index in range(NUMBERS)
            if ("square", index) not in done
        ]
        if squares or ("add", 0) in done:
            return squares
        parts = [result["square"] for (stage, _), result in done.items() if stage == "square"]
        return [Piece(stage="add", index=0, task="add", arguments=tuple(parts))]

    def assemble(
        self, specification: Any, problem: dict[str, Any], plan: dict[str, Any], done: Done
    ) -> dict[str, Any]:
        return {"sum": done["add", 0]["sum"]}


def carried_out(piece: Piece) -> Outcome:
    """Do what a piece asks for."""
    if piece.task == "add":
        result = {"sum": sum(piece.arguments)}
    else:
        result = {"square": piece.arguments[0] ** 2}
    return Finished(stage=piece.stage, index=piece.index, result=result, elapsed_s=0.001)


@dataclass
class Workers:
    """Carry pieces out, counting them; `behave` decides what becomes of each."""

    behave: Callable[[Piece], Any] = carried_out
    counted: Counter[tuple[str, int]] = field(default_factory=Counter)
    closed: int = 0
    device_is_down: str | None = None
    released: list[UUID] = field(default_factory=list)
    warmed: int = 0

    def tasks(self) -> "Workers":
        return self

    def qpu(self, run: Run, device: str) -> "Workers":
        return self

    async def check(self, device: str) -> None:
        if self.device_is_down is not None:
            raise BackendUnavailable(backend=f"ibm:{device}", reason=self.device_is_down)

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        self.released.append(run_id)

    async def warm(self) -> None:
        self.warmed += 1

    async def run(self, shared: Any, pieces: Sequence[Piece]) -> AsyncGenerator[Outcome]:
        try:
            for piece in pieces:
                self.counted[piece.stage, piece.index] += 1
                outcome = self.behave(piece)
                yield await outcome if asyncio.iscoroutine(outcome) else outcome
        finally:
            self.closed += 1


@dataclass
class Tally:
    """Keep every measured value under the name and labels of its measure."""

    values: defaultdict[tuple[str, ...], list[float]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def record(self, measure: Measure, value: float, labels: Mapping[str, str]) -> None:
        self.values[measure.name, *labels.values()].append(value)


@dataclass
class Bench:
    """Hold what a test looks at."""

    database: Database
    pools: Pools
    cache_url: str
    workers: Workers = field(default_factory=Workers)
    tally: Tally = field(default_factory=Tally)

    @asynccontextmanager
    async def manager(self) -> AsyncIterator[RunManager]:
        config = RunManagerConfig(
            database=self.database.urls,
            cache_url=self.cache_url,
            memory_bytes=2**30,
            sweep_interval_s=0.05,
        )
        manager = RunManager.__new__(RunManager)
        await manager.__init__(config, self.workers, SystemClock(), self.tally)  # type: ignore[misc]
        try:
            yield manager
        finally:
            await manager.stop()

    async def store(self, **changes: Any) -> Run:
        values: dict[str, Any] = {
            "org_id": DEFAULT_ORG,
            "run_id": uuid_utils.uuid7(),
            "kind": RunKind.CIRCUIT,
            "specification": SPECIFICATION,
            "specification_hash": b"hash",
            "problem": {"numbers": NUMBERS},
            "backend": "auto",
            "seed": 7,
            "code_version": "0",
            "vintage": None,
            "submitted_by": "test",
        }
        async with self.pools.write(DEFAULT_ORG) as connection:
            run, _ = await runs.create(
                connection, NewRun(**{**values, **changes}), None, b"", datetime.now(UTC), 100
            )
        return run

    async def change_plan(self, plan: str) -> None:
        async with self.pools.system() as connection:
            await connection.execute("UPDATE organisations SET plan = $1", plan)

    async def read(self, run: Run) -> Run:
        async with self.pools.read(DEFAULT_ORG) as connection:
            return await runs.get(connection, DEFAULT_ORG, run.run_id)

    async def ended(self, run: Run, status: RunStatus = RunStatus.SUCCEEDED) -> Run:
        async with asyncio.timeout(20):
            while not (found := await self.read(run)).status.is_final:  # noqa: ASYNC110 - stored elsewhere
                await asyncio.sleep(0.01)
        assert found.status is status, found.error
        return found

    async def steps(self, run: Run) -> list[str]:
        async with self.pools.read(DEFAULT_ORG) as connection:
            events = await run_events.after(connection, DEFAULT_ORG, run.run_id, 0)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        return [event.kind for event in events if event.kind != "progress"]

    async def chunks(self, run: Run) -> dict[tuple[str, int], Any]:
        async with self.pools.read(DEFAULT_ORG) as connection:
            found = await run_chunks.of_run(connection, DEFAULT_ORG, run.run_id)
        return {(chunk.stage, chunk.index): chunk for chunk in found}


@pytest.fixture
def bench(
    database: Database, pools: Pools, valkey_server: str, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    monkeypatch.setattr(driver, "kind_of", lambda kind: Squares())
    return Bench(database, pools, valkey_server)


async def test_a_run_goes_through_its_stages_to_its_result(bench: Bench) -> None:
    run = await bench.store()
    async with bench.manager() as manager:
        await manager.submit(run.org_id, run.run_id)
        ended = await bench.ended(run)
    assert ended.result == {"sum": sum(number**2 for number in range(NUMBERS))}
    assert await bench.steps(run) == ["queued", "planning", "running", "succeeded"]
    stored = await bench.chunks(run)
    assert set(stored) == {("square", index) for index in range(NUMBERS)} | {("add", 0)}
    assert {chunk.snapshot_id for chunk in stored.values()} != {None}
    assert ended.plan is not None
    assert ended.backend == ended.plan["choice"]["backend"] != "auto"


async def test_a_run_is_found_although_nobody_said_so(bench: Bench) -> None:
    run = await bench.store()
    async with bench.manager():
        await bench.ended(run)


async def test_after_a_crash_stored_chunks_are_not_computed_again(bench: Bench) -> None:
    blocked = asyncio.Event()

    async def never(piece: Piece) -> Outcome:
        blocked.set()
        await asyncio.Event().wait()
        return carried_out(piece)

    run = await bench.store()
    bench.workers.behave = lambda piece: never(piece) if piece.index == 4 else carried_out(piece)
    async with bench.manager():
        await asyncio.wait_for(blocked.wait(), 10)
        async with asyncio.timeout(10):
            while len(await bench.chunks(run)) < 4:  # noqa: ASYNC110 - stored elsewhere
                await asyncio.sleep(0.01)
    bench.workers.behave = carried_out
    async with bench.manager():
        await bench.ended(run)
    again = {key: count for key, count in bench.workers.counted.items() if count > 1}
    assert again == {("square", 4): 2}
    assert (await bench.steps(run)).count("running") == 1


async def test_cancelling_ends_the_fan_out_and_is_stored(bench: Bench) -> None:
    blocked = asyncio.Event()

    async def never(piece: Piece) -> Outcome:
        blocked.set()
        await asyncio.Event().wait()
        return carried_out(piece)

    bench.workers.behave = never
    run = await bench.store()
    async with bench.manager() as manager:
        await asyncio.wait_for(blocked.wait(), 10)
        async with bench.pools.write(DEFAULT_ORG) as connection:
            await runs.request_cancel(
                connection, DEFAULT_ORG, run.run_id, "somebody", datetime.now(UTC)
            )
        async with asyncio.timeout(1):
            await manager.cancel(run.org_id, run.run_id)
        assert (await bench.read(run)).status is RunStatus.CANCELLED
    assert bench.workers.closed == 1
    assert (await bench.steps(run))[-2:] == ["cancel_requested", "cancelled"]


async def test_a_wish_to_cancel_that_reached_nobody_is_heeded(bench: Bench) -> None:
    run = await bench.store()
    async with bench.pools.write(DEFAULT_ORG) as connection:
        await runs.request_cancel(
            connection, DEFAULT_ORG, run.run_id, "somebody", datetime.now(UTC)
        )
    async with bench.manager():
        await bench.ended(run, RunStatus.CANCELLED)
    assert not bench.workers.counted


async def test_a_poisonous_chunk_fails_the_run_and_spares_the_others(bench: Bench) -> None:
    def behave(piece: Piece) -> Outcome:
        if piece.index == 2 and piece.stage == "square":
            error = {"code": "worker-died", "detail": "its worker died"}
            return Broken(stage=piece.stage, index=piece.index, error=error, attempts=3)
        return carried_out(piece)

    bench.workers.behave = behave
    run = await bench.store()
    async with bench.manager():
        ended = await bench.ended(run, RunStatus.FAILED)
    assert ended.error is not None
    assert ended.error["code"] == "chunk-failed"
    assert [(chunk["stage"], chunk["index"]) for chunk in ended.error["chunks"]] == [("square", 2)]
    stored = await bench.chunks(run)
    assert set(stored) == {("square", index) for index in range(NUMBERS)}
    assert stored["square", 2].result is None
    assert stored["square", 2].error["code"] == "worker-died"


async def test_what_nobody_foresaw_fails_one_run_only(bench: Bench) -> None:
    def behave(piece: Piece) -> Outcome:
        message = "unforeseen"
        raise ZeroDivisionError(message)

    bench.workers.behave = behave
    broken = await bench.store()
    async with bench.manager():
        ended = await bench.ended(broken, RunStatus.FAILED)
        assert ended.error == {"code": "internal", "detail": "ZeroDivisionError: unforeseen"}
        bench.workers.behave = carried_out
        await bench.ended(await bench.store())


async def test_a_run_that_cannot_be_simulated_fails_by_name(bench: Bench) -> None:
    run = await bench.store(backend="subspace")
    async with bench.manager():
        ended = await bench.ended(run, RunStatus.FAILED)
    assert ended.error is not None
    assert (ended.error["code"], ended.error["field"]) == ("invalid-input", "backend")


async def test_a_deadline_ends_a_run_that_is_under_way(bench: Bench) -> None:
    async def never(piece: Piece) -> Outcome:
        await asyncio.Event().wait()
        return carried_out(piece)

    bench.workers.behave = never
    run = await bench.store(deadline=datetime.now(UTC) + timedelta(seconds=0.5))
    async with bench.manager():
        ended = await bench.ended(run, RunStatus.FAILED)
    assert ended.error is not None
    assert ended.error["code"] == "deadline-missed"
    assert bench.workers.closed == 1


async def test_a_run_that_waited_beyond_its_deadline_is_not_begun(bench: Bench) -> None:
    run = await bench.store(deadline=datetime.now(UTC) - timedelta(seconds=1))
    async with bench.manager():
        ended = await bench.ended(run, RunStatus.FAILED)
    assert ended.error is not None
    assert ended.error["code"] == "deadline-missed"
    assert not bench.workers.counted


async def test_a_backend_that_is_down_leaves_the_run_queued_with_the_reason(bench: Bench) -> None:
    bench.workers.device_is_down = "maintenance"
    run = await bench.store(backend="ibm:boston")
    async with bench.manager() as manager:
        async with asyncio.timeout(10):
            while (await bench.read(run)).waiting_for is None:  # noqa: ASYNC110 - stored elsewhere
                await asyncio.sleep(0.01)
        waiting = await bench.read(run)
        assert waiting.status is RunStatus.QUEUED
        assert waiting.waiting_for is not None
        assert "maintenance" in waiting.waiting_for
        bench.workers.device_is_down = None
        ended = await bench.ended(run)
        assert ended.waiting_for is None
        other = await bench.store(backend="ibm:boston")
        bench.workers.device_is_down = "maintenance"
        await manager.submit(other.org_id, other.run_id)
        await manager.cancel(other.org_id, other.run_id)
        assert (await bench.read(other)).status is RunStatus.CANCELLED
    assert other.run_id in bench.workers.released


async def test_an_outage_of_the_database_loses_no_finished_work(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = run_chunks.record
    refused = 0

    async def refuse_twice(*arguments: Any) -> int:
        nonlocal refused
        if refused < 2:
            refused += 1
            raise SourceUnavailable(source="database", reason="it is restarting")
        return await written(*arguments)

    monkeypatch.setattr(run_chunks, "record", refuse_twice)
    run = await bench.store()
    async with bench.manager():
        await bench.ended(run)
    assert refused == 2
    assert set(bench.workers.counted.values()) == {1}


async def test_commits_whose_answers_are_lost_change_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, lent = runs.take_steps, Pools.system
    told: list[str] = []
    doomed: set[int] = set()

    async def noted(connection: Any, *arguments: Any, **changes: Any) -> Any:
        kind = arguments[2][-1].kind
        if kind not in told:
            told.append(kind)
            doomed.add(id(connection))
        return await taken(connection, *arguments, **changes)

    @asynccontextmanager
    async def lost(pools: Pools) -> AsyncIterator[Any]:
        async with lent(pools) as connection:
            yield connection
        if id(connection) in doomed:
            doomed.remove(id(connection))
            raise SourceUnavailable(source="database", reason="it went after the commit")

    monkeypatch.setattr(runs, "take_steps", noted)
    monkeypatch.setattr(Pools, "system", lost)
    run = await bench.store()
    async with bench.manager():
        await bench.ended(run)
    assert {"running", "succeeded"} <= set(told)
    assert len(await bench.chunks(run)) == NUMBERS + 1
    assert await bench.steps(run) == ["queued", "planning", "running", "succeeded"]
    assert set(bench.workers.counted.values()) == {1}


async def test_a_run_of_an_unknown_plan_waits_and_stops_nobody_else(bench: Bench) -> None:
    await bench.change_plan("of yesterday")
    stuck = await bench.store()
    async with bench.manager() as manager:
        await manager.submit(stuck.org_id, stuck.run_id)
        assert (await bench.read(stuck)).status is RunStatus.QUEUED
        await bench.change_plan("team")
        await bench.ended(stuck)


async def test_what_closes_a_fan_out_is_not_disturbed_by_further_sweeps(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, swept, blocked = runs.queue, asyncio.Semaphore(0), asyncio.Event()

    async def counted(connection: Any) -> Any:
        swept.release()
        return await listed(connection)

    async def never(piece: Piece) -> Outcome:
        blocked.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _ in range(5):
                await swept.acquire()
            bench.workers.counted["closed", piece.index] += 1
        return carried_out(piece)

    monkeypatch.setattr(runs, "queue", counted)
    bench.workers.behave = never
    run = await bench.store()
    async with bench.manager():
        await asyncio.wait_for(blocked.wait(), 10)
        while not swept.locked():
            await swept.acquire()
        async with bench.pools.write(DEFAULT_ORG) as connection:
            await runs.request_cancel(
                connection, DEFAULT_ORG, run.run_id, "somebody", datetime.now(UTC)
            )
        await bench.ended(run, RunStatus.CANCELLED)
    assert bench.workers.counted["closed", 0] == 1


async def test_many_that_are_late_at_once_take_nothing_from_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, others = runs.take_steps, asyncio.Event()

    async def late_last(connection: Any, *arguments: Any, **changes: Any) -> Any:
        if arguments[2][-1].kind == "failed":
            await others.wait()
        return await taken(connection, *arguments, **changes)

    monkeypatch.setattr(runs, "take_steps", late_last)
    deadline = datetime.now(UTC) - timedelta(seconds=1)
    late = [await bench.store(deadline=deadline) for _ in range(20)]
    run = await bench.store()
    async with bench.manager():
        await bench.ended(run)
        others.set()
        for one in late:
            await bench.ended(one, RunStatus.FAILED)


async def test_what_happens_at_once_is_decided_about_together(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = 0

    def counted(*arguments: Any) -> Any:
        nonlocal decided
        decided += 1
        return decide(*arguments)

    monkeypatch.setattr(run_manager, "decide", counted)
    run = await bench.store()
    async with bench.manager() as manager:
        await bench.ended(run)
        before = decided
        for _ in range(1000):
            manager._schedule()
        assert decided == before
        async with asyncio.timeout(10):
            while decided == before:  # noqa: ASYNC110 - it tells of no event
                await asyncio.sleep(0.01)


async def test_many_runs_at_once_are_each_carried_out_once(bench: Bench) -> None:
    stored = [await bench.store() for _ in range(20)]
    async with bench.manager() as manager:
        for run in stored:
            await manager.submit(run.org_id, run.run_id)
            await manager.submit(run.org_id, run.run_id)
        for run in stored:
            await bench.ended(run)
            assert len(await bench.chunks(run)) == NUMBERS + 1
    assert set(bench.workers.counted.values()) == {20}
    assert sum(bench.tally.values[ENDED.name, "succeeded", "circuit"]) == 20
    assert len(bench.tally.values[CHUNK_SECONDS.name, "circuit", "square"]) == 20 * NUMBERS
    assert 1 <= max(bench.tally.values[RUNS.name, "running", "circuit"]) <= Places().local


async def test_workers_are_made_warm_whenever_there_has_been_nothing_to_do(bench: Bench) -> None:
    async def warmed(times: int) -> None:
        async with asyncio.timeout(10):
            while bench.workers.warmed < times:  # noqa: ASYNC110 - it tells of no event
                await asyncio.sleep(0.01)

    async with bench.manager():
        await warmed(1)
        await bench.ended(await bench.store())
        await warmed(2)
