"""Check that pieces for quantum hardware are asked for until they are answered, and only then."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from actors.qpu.fanout import ASKED_AT_ONCE, QpuFanout, RunFanouts
from actors.qpu.requests import QpuOutcome, QpuRequest
from core.errors import BackendUnavailable, BudgetExhausted, SourceUnavailable
from core.runs import DEFAULT_ORG, Run, RunKind, RunStatus
from jobs.backends.snapshots import snapshot_of
from jobs.pieces import Broken, Finished, Outcome, Piece, Target

RUN = Run(
    org_id=DEFAULT_ORG,
    run_id=UUID(int=7),
    kind=RunKind.CIRCUIT,
    status=RunStatus.RUNNING,
    specification={},
    problem={},
    plan={},
    result=None,
    error=None,
    backend="ibm:boston",
    seed=7,
    code_version="0",
    vintage=None,
    submitted_by="test",
    priority=0,
    deadline=None,
    labels=(),
    waiting_for=None,
    cancel_requested=False,
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    started_at=None,
    finished_at=None,
)
SNAPSHOT = snapshot_of("ibm:boston", {"calibrated_at": "2026-01-01"})


class AtOnce:
    """Draw no pause."""

    def uniform(self, low: float, high: float, /) -> float:
        return low


class Hardware:
    """Answer each index as told: with errors first, then with its result."""

    def __init__(self, errors: dict[int, list[Exception]], hangs: bool = False) -> None:
        self._errors = errors
        self._hangs = hangs
        self.asked: list[QpuRequest] = []
        self.is_down = False
        self.cancelled: list[UUID] = []
        self.two_asked = asyncio.Event()

    async def check(self, device: str) -> None:
        if self.is_down:
            raise SourceUnavailable(source="qpu", reason="it is restarting")

    async def execute(self, request: QpuRequest) -> QpuOutcome:
        self.asked.append(request)
        if len(self.asked) == 2:
            self.two_asked.set()
        if self._hangs:
            await asyncio.Event().wait()
        waiting = self._errors.get(request.index, [])
        if waiting:
            raise waiting.pop(0)
        result = {"counts": [{"0x0": request.shots}], "job_id": f"job-{request.index}"}
        return QpuOutcome(result=result, snapshot=SNAPSHOT, waited_s=1.5, elapsed_s=2.5)

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        self.cancelled.append(run_id)


def piece(index: int) -> Piece:
    asked: dict[str, Any] = {"qpy": "UUlTS0lU", "rows": [[0.5]], "shots": 100, "seed": 3}
    return Piece(stage="sample", index=index, task="sampler", arguments=(asked,), target=Target.QPU)


def fanout(hardware: Hardware) -> QpuFanout:
    return QpuFanout(qpu=hardware, run_of=RUN, device="boston", budget_s=60, rng=AtOnce())


async def outcomes(hardware: Hardware, count: int) -> dict[int, Outcome]:
    pieces = [piece(index) for index in range(count)]
    return {one.index: one async for one in fanout(hardware).run(None, pieces)}


async def test_every_piece_is_asked_for_under_its_own_name() -> None:
    hardware = Hardware({})
    found = await outcomes(hardware, 3)
    assert sorted(found) == [0, 1, 2]
    names = {(one.org_id, one.run_id, one.stage, one.index) for one in hardware.asked}
    assert names == {(RUN.org_id, RUN.run_id, "sample", index) for index in range(3)}
    first = found[0]
    assert isinstance(first, Finished)
    assert (first.snapshot, first.worker) == (SNAPSHOT, "job-0")
    assert (first.waited_s, first.elapsed_s) == (1.5, 2.5)


async def test_what_is_away_is_asked_again() -> None:
    away = [
        SourceUnavailable(source="qpu", reason="it is restarting"),
        BackendUnavailable(backend="ibm:boston", reason="maintenance"),
    ]
    found = await outcomes(Hardware({1: away}), 2)
    assert {index: one.attempts for index, one in found.items()} == {0: 1, 1: 3}


async def test_what_is_refused_is_broken_and_the_others_go_on() -> None:
    refused = [BudgetExhausted(needed_s=60, left_s=1, budget_s=600)]
    found = await outcomes(Hardware({0: refused}), 2)
    assert isinstance(found[1], Finished)
    broken = found[0]
    assert isinstance(broken, Broken)
    assert broken.error["code"] == "budget-exhausted"


async def test_closing_ends_what_was_asked() -> None:
    hardware = Hardware({}, hangs=True)
    stream = fanout(hardware).run(None, [piece(0), piece(1)])
    waiting = asyncio.ensure_future(anext(stream))
    await hardware.two_asked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await stream.aclose()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_a_run_of_many_pieces_asks_for_a_few_at_a_time() -> None:
    hardware = Hardware({}, hangs=True)
    stream = fanout(hardware).run(None, [piece(index) for index in range(1000)])
    waiting = asyncio.ensure_future(anext(stream))
    await hardware.two_asked.wait()
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(hardware.asked) == ASKED_AT_ONCE
    waiting.cancel()
    await asyncio.wait([waiting])
    await stream.aclose()
    assert len(await outcomes(Hardware({}), 1000)) == 1000


async def test_a_device_whose_owner_is_away_is_unavailable() -> None:
    hardware = Hardware({})
    lent = RunFanouts(local=fanout(hardware), remote=hardware, budget_s=60, rng=AtOnce())
    await lent.check("boston")
    hardware.is_down = True
    with pytest.raises(BackendUnavailable, match="it is restarting"):
        await lent.check("boston")
    await lent.cancel(RUN.org_id, RUN.run_id)
    assert hardware.cancelled == [RUN.run_id]
