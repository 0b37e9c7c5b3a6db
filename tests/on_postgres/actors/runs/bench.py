"""Own a RunManager on a real database, with workers that a test tells what to do."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuid_utils

from actors.runs.manager import RunManager, RunManagerConfig
from actors.runs.metrics import Measure
from core.clock import SystemClock
from core.errors import BackendUnavailable
from core.runs import DEFAULT_ORG, NewRun, Run, RunKind, RunStatus
from jobs.backends.choice import Choice, Workload
from jobs.pieces import Done, Finished, Outcome, Piece, Target
from storage import run_chunks, run_events, runs
from storage.pool import Pools
from tests.on_postgres.conftest import Database

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
