"""Run the QpuActor against a real database and the sandbox, through the vendor's own package."""

import asyncio
import base64
import contextlib
import io
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from actors.qpu.actor import QpuActor, QpuConfig
from actors.qpu.requests import QpuRequest
from core.clock import SystemClock, utc_from_ns
from core.errors import BackendUnavailable, BudgetExhausted, ChunkFailed, InvalidInput
from core.plans import PLANS
from core.runs import DEFAULT_ORG
from integrations.ibm.client import IbmClient
from integrations.ibm.sandbox import app
from integrations.sandbox_kit import FOREVER
from storage import qpu
from storage.pool import Pools
from storage.qpu import IntentState
from tests.ibm_vendor import RunningVendor, running_vendor

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

WITHIN_S = 100.0


@pytest.fixture(scope="module")
def served() -> Iterator[RunningVendor]:
    with running_vendor() as vendor:
        yield vendor


@pytest.fixture
def vendor(served: RunningVendor) -> Iterator[RunningVendor]:
    yield served
    served.reset()


@asynccontextmanager
async def acting(vendor: RunningVendor, database: Any, **changed: Any) -> AsyncIterator[QpuActor]:
    config = QpuConfig(
        client=vendor.config(),
        source="sandbox",
        owner=f"stack-{database.name}",
        database=database.urls,
        submissions_per_minute=600,
        poll_s=0.1,
    )
    actor = QpuActor.__new__(QpuActor)
    await actor.__init__(replace(config, **changed), SystemClock())  # type: ignore[misc,func-returns-value]
    try:
        yield actor
    finally:
        await actor.close()


def encoded() -> str:
    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("angle"), 0)
    circuit.cx(0, 1)
    circuit.measure_all()
    written = io.BytesIO()
    qpy.dump(circuit, written)
    return base64.b64encode(written.getvalue()).decode()


def asked(run_id: UUID | None = None, index: int = 0, **changed: Any) -> QpuRequest:
    request = QpuRequest(
        org_id=DEFAULT_ORG,
        run_id=run_id or uuid4(),
        stage="sample",
        index=index,
        device="ibm_manila",
        primitive="sampler",
        qpy=encoded(),
        rows=((0.0,), (3.14159265,)),
        seed=11,
        budget_s=20,
        shots=200,
    )
    return replace(request, **changed)


async def reached(check: Callable[[], Any]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not check():  # noqa: ASYNC110 - another process or thread tells of no event
            await asyncio.sleep(0.05)


async def intents(pools: Pools) -> list[qpu.Intent]:
    async with pools.system() as connection:
        rows = await connection.fetch("SELECT * FROM qpu_intents ORDER BY created_at")
    return [qpu._intent(row) for row in rows]


def mine(vendor: RunningVendor, intent: qpu.Intent) -> dict[str, str]:
    return {job.id: job.status for job in vendor.tagged(intent.tag)}


async def test_a_request_is_one_job_whose_answer_is_told_as_often_as_asked(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    request = asked()
    async with acting(vendor, database) as actor:
        assert {device.name for device in await actor.devices()} >= {"ibm_manila", "ibm_fez"}
        await actor.check("ibm_manila")
        first, again = await asyncio.gather(actor.execute(request), actor.execute(request))
        assert again == first
    (intent,) = await intents(pools)
    assert intent.state is IntentState.FINISHED
    assert mine(vendor, intent) == {intent.job_id: "Completed"}
    low, high = first.result["counts"]
    assert sum(low.values()) == sum(high.values()) == 200
    assert max(low, key=low.__getitem__) == "0x0"
    assert max(high, key=high.__getitem__) == "0x3"
    assert first.result["job_id"] == intent.job_id
    assert first.result["two_qubit_gates"] >= 1
    assert first.result["calibrated_at"] == first.snapshot.body["calibrated_at"]
    assert first.snapshot.backend == "ibm:ibm_manila"
    (job,) = vendor.tagged(intent.tag)
    assert job.cost_s == 20
    assert first.result["usage_s"] == intent.usage_s == job.quantum_s
    async with pools.read(DEFAULT_ORG) as connection:
        now = utc_from_ns(SystemClock().now_ns())
        usage = await qpu.month_usage(connection, DEFAULT_ORG, now)
    assert (usage.used_s, usage.reserved_s) == (job.quantum_s, 0.0)
    async with acting(vendor, database) as actor:
        assert (await actor.execute(request)).result == first.result
    assert len(vendor.tagged(intent.tag)) == 1


async def test_expectations_are_answered_by_row_and_observable(
    vendor: RunningVendor, database: Any
) -> None:
    circuit = QuantumCircuit(2)
    circuit.x(0)
    written = io.BytesIO()
    qpy.dump(circuit, written)
    request = asked(
        primitive="estimator",
        qpy=base64.b64encode(written.getvalue()).decode(),
        rows=((), ()),
        shots=None,
        precision=0.06,
        observables=({"IZ": 1.0}, {"ZI": 1.0}, {"ZZ": 0.5, "II": 0.5}),
    )
    async with acting(vendor, database) as actor:
        outcome = await actor.execute(request)
    assert outcome.result["values"] == [pytest.approx([-1.0, 1.0, 0.0], abs=0.3)] * 2
    assert [len(row) for row in outcome.result["standard_errors"]] == [3, 3]


async def test_errors_after_accepting_leave_one_job(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.ACCEPTED_BUT_ERROR, 2)
    async with acting(vendor, database) as actor:
        outcome = await actor.execute(asked())
    (intent,) = await intents(pools)
    jobs = mine(vendor, intent)
    assert len(jobs) == 3
    assert outcome.result["job_id"] == intent.job_id == next(iter(jobs))
    assert set(intent.duplicates) == set(list(jobs)[1:])
    assert jobs[intent.job_id] == "Completed"
    charged = sum(job.quantum_s for job in vendor.tagged(intent.tag))
    assert intent.usage_s == pytest.approx(charged)


async def test_a_job_that_was_accepted_though_every_answer_failed_is_the_one(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.STALLED, FOREVER)
    vendor.faults.arm(app.ACCEPTED_BUT_ERROR, FOREVER)
    async with acting(vendor, database) as actor:
        answer = asyncio.create_task(actor.execute(asked()))
        await reached(lambda: vendor.faults.happened[app.ACCEPTED_BUT_ERROR] >= 1)
        (intent,) = await intents(pools)
        await reached(lambda: "Cancelled" in mine(vendor, intent).values())
        vendor.faults.clear()
        outcome = await answer
    (intent,) = await intents(pools)
    jobs = mine(vendor, intent)
    assert list(jobs.values()).count("Completed") == 1
    assert set(jobs.values()) == {"Completed", "Cancelled"}
    assert jobs[outcome.result["job_id"]] == "Completed"


async def test_a_kill_between_sending_and_writing_down_leaves_one_job_that_is_found_again(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    request = asked()
    vendor.faults.arm(app.STALLED, FOREVER)
    vendor.faults.arm(app.ACCEPTED_BUT_SLOW, 1)
    process = await _in_another_process(vendor, database, request)
    try:
        await reached(lambda: vendor.faults.happened[app.ACCEPTED_BUT_SLOW] == 1)
        process.send_signal(signal.SIGKILL)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    (intent,) = await intents(pools)
    assert (intent.attempts, intent.job_id) == (1, None)
    assert list(mine(vendor, intent).values()) == ["Queued"]
    async with acting(vendor, database) as actor:
        async with asyncio.timeout(WITHIN_S):
            while (await intents(pools))[0].job_id is None:  # noqa: ASYNC110 - a row
                await asyncio.sleep(0.05)
        vendor.faults.clear()
        outcome = await actor.execute(request)
    (intent,) = await intents(pools)
    assert (intent.attempts, intent.duplicates) == (1, ())
    assert mine(vendor, intent) == {outcome.result["job_id"]: "Completed"}


async def _in_another_process(
    vendor: RunningVendor, database: Any, request: QpuRequest
) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PROGRAM,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE,
    )
    values = asdict(request) | {"org_id": str(request.org_id), "run_id": str(request.run_id)}
    told = {
        "client": asdict(vendor.config()),
        "database": asdict(database.urls),
        "owner": f"stack-{database.name}",
        "request": values,
    }
    assert process.stdin is not None
    process.stdin.write(json.dumps(told).encode())
    process.stdin.close()
    return process


_PROGRAM = """
import asyncio, json, sys
from uuid import UUID
from actors.qpu.actor import QpuActor, QpuConfig
from actors.qpu.requests import QpuRequest
from core.clock import SystemClock
from integrations.ibm.config import IbmConfig
from storage.pool import DatabaseUrls

async def main():
    told = json.load(sys.stdin)
    values = told["request"]
    values["org_id"], values["run_id"] = UUID(values["org_id"]), UUID(values["run_id"])
    values["rows"] = tuple(map(tuple, values["rows"]))
    actor = QpuActor.__new__(QpuActor)
    await actor.__init__(QpuConfig(
        client=IbmConfig(**told["client"]), source="sandbox", owner=told["owner"],
        database=DatabaseUrls(**told["database"]), submissions_per_minute=600,
    ), SystemClock())
    await actor.execute(QpuRequest(**values))

asyncio.run(main())
"""


async def test_a_restart_goes_on_waiting_for_the_jobs_that_were_sent(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.STALLED, FOREVER)
    run_id = uuid4()
    requests = [asked(run_id, index) for index in range(2)]
    async with acting(vendor, database) as actor:
        waiting = [asyncio.create_task(actor.execute(request)) for request in requests]
        async with asyncio.timeout(WITHIN_S):
            while [bool(one.job_id) for one in await intents(pools)] != [True] * 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        sessions = vendor.sandbox.store.sessions
        await reached(lambda: sessions and not any(one.is_accepting for one in sessions.values()))
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
    sent = {intent.key.chunk_index: intent.job_id for intent in await intents(pools)}
    vendor.faults.clear()
    async with acting(vendor, database) as actor:
        outcomes = await asyncio.gather(*(actor.execute(request) for request in requests))
    assert [outcome.result["job_id"] for outcome in outcomes] == [sent[0], sent[1]]
    assert {intent.attempts for intent in await intents(pools)} == {1}
    (session,) = {
        job.session_id for one in await intents(pools) for job in vendor.tagged(one.tag)
    } - {None}
    assert [one.mode for one in sessions.values()] == ["batch"]
    assert session in sessions


async def test_who_waits_for_long_asks_again_for_the_same_job(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.STALLED, FOREVER)
    request = asked()
    async with acting(vendor, database, told_within_s=0.1) as actor:
        while not vendor.jobs:
            with pytest.raises(BackendUnavailable, match="its job has not ended yet"):
                await actor.execute(request)
        vendor.faults.clear()
        async with asyncio.timeout(WITHIN_S):
            while True:
                with contextlib.suppress(BackendUnavailable):
                    await actor.execute(request)
                    break
    (intent,) = await intents(pools)
    assert intent.attempts == len(mine(vendor, intent)) == 1


async def test_a_cancelled_run_leaves_no_job(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.STALLED, FOREVER)
    request = asked()
    async with acting(vendor, database) as actor:
        waiting = asyncio.create_task(actor.execute(request))
        await reached(lambda: any(not job.is_final for job in vendor.jobs))
        await actor.cancel(request.org_id, request.run_id)
        with pytest.raises(ChunkFailed, match="it was cancelled"):
            await waiting
        with pytest.raises(ChunkFailed, match="it was cancelled"):
            await actor.execute(request)
    (intent,) = await intents(pools)
    assert (intent.state, intent.usage_s) == (IntentState.CANCELLED, 0.0)
    assert set(mine(vendor, intent).values()) == {"Cancelled"}


async def test_what_was_cancelled_while_it_waited_is_not_made_ready(
    vendor: RunningVendor, database: Any, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, made_ready, go_on = IbmClient.prepare, [], threading.Event()

    def slow(client: IbmClient, work: Any) -> Any:
        made_ready.append(work)
        assert go_on.wait(WITHIN_S)
        return prepare(client, work)

    monkeypatch.setattr(IbmClient, "prepare", slow)
    run_id = uuid4()
    requests = [asked(run_id, index) for index in range(3)]
    async with acting(vendor, database) as actor:
        waiting = [asyncio.create_task(actor.execute(request)) for request in requests]
        await reached(lambda: made_ready and actor._sender.waiting == 3)
        await actor.cancel(DEFAULT_ORG, run_id)
        go_on.set()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(end) for end in ends] == [ChunkFailed] * 3
    assert len(made_ready) == 1
    assert {(one.attempts, one.usage_s) for one in await intents(pools)} == {(0, 0.0)}


async def test_a_job_of_a_run_that_ended_is_cancelled_on_the_next_start(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.STALLED, FOREVER)
    request = asked()
    async with acting(vendor, database) as actor:
        waiting = asyncio.create_task(actor.execute(request))
        await reached(lambda: any(not job.is_final for job in vendor.jobs))
        waiting.cancel()
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO runs (org_id, run_id, kind, status, specification, specification_hash, "
            "backend, seed, code_version, submitted_by, created_at) VALUES "
            "($1, $2, 'circuit', 'failed', '{}', '', 'ibm:ibm_manila', 1, '', '', now())",
            request.org_id,
            request.run_id,
        )
    async with acting(vendor, database, appears_s=0.0):
        await reached(lambda: all(job.is_final for job in vendor.jobs))
        async with asyncio.timeout(WITHIN_S):
            while (await intents(pools))[0].is_open:  # noqa: ASYNC110 - a row
                await asyncio.sleep(0.05)
    (intent,) = await intents(pools)
    assert intent.state is IntentState.CANCELLED


async def test_a_job_that_is_not_listed_yet_is_not_sent_again(
    vendor: RunningVendor, database: Any, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit, find, is_listed = IbmClient.submit, IbmClient.find, False

    def unanswered(client: IbmClient, *arguments: Any, **named: Any) -> str:
        submit(client, *arguments, **named)
        raise BackendUnavailable(backend="ibm", reason="the answer was lost")

    monkeypatch.setattr(IbmClient, "submit", unanswered)
    monkeypatch.setattr(
        IbmClient, "find", lambda client, tag: find(client, tag) if is_listed else []
    )
    request = asked()
    async with acting(vendor, database) as actor:
        for reason in ("the answer was lost", "not known yet", "not known yet"):
            with pytest.raises(BackendUnavailable, match=reason):
                await actor.execute(request)
        is_listed = True
        outcome = await actor.execute(request)
    (intent,) = await intents(pools)
    assert mine(vendor, intent) == {outcome.result["job_id"]: "Completed"}
    assert intent.attempts == 1


async def test_a_job_that_never_appeared_is_sent_again_after_a_while(
    vendor: RunningVendor, database: Any, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = IbmClient.submit

    def lost(client: IbmClient, *arguments: Any, **named: Any) -> str:
        raise BackendUnavailable(backend="ibm", reason="it never arrived")

    request = asked()
    async with acting(vendor, database, appears_s=0.0) as actor:
        monkeypatch.setattr(IbmClient, "submit", lost)
        with pytest.raises(BackendUnavailable, match="it never arrived"):
            await actor.execute(request)
        monkeypatch.setattr(IbmClient, "submit", submit)
        await actor.execute(request)
    (intent,) = await intents(pools)
    assert intent.attempts == 2
    assert len(mine(vendor, intent)) == 1


async def test_what_a_second_job_used_is_counted_even_if_it_is_found_last(
    vendor: RunningVendor, database: Any, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, counts, is_listed = IbmClient.find, IbmClient.counts, False

    def listed_by_then(client: IbmClient, job_id: str) -> list[dict[str, int]]:
        nonlocal is_listed
        is_listed = True
        return counts(client, job_id)

    monkeypatch.setattr(IbmClient, "counts", listed_by_then)
    monkeypatch.setattr(
        IbmClient, "find", lambda client, tag: find(client, tag) if is_listed else []
    )
    vendor.faults.arm(app.ACCEPTED_BUT_ERROR, 1)
    async with acting(vendor, database) as actor:
        await actor.execute(asked())
    (intent,) = await intents(pools)
    jobs = vendor.tagged(intent.tag)
    assert len(jobs) == 2
    assert intent.duplicates
    assert intent.usage_s == pytest.approx(sum(job.quantum_s for job in jobs))


async def test_what_the_month_has_not_left_is_refused_before_anything_is_sent(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    before, budget_s = len(vendor.jobs), PLANS["team"].qpu_seconds
    async with acting(vendor, database) as actor:
        with pytest.raises(BudgetExhausted) as caught:
            await actor.execute(asked(budget_s=budget_s + 1))
    assert caught.value.context == {
        "needed_s": budget_s + 1,
        "left_s": budget_s,
        "budget_s": budget_s,
    }
    assert await intents(pools) == []
    assert len(vendor.jobs) == before


async def test_jobs_are_sent_at_the_pace_and_a_restart_keeps_it(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    first, second = asked(), asked()
    async with acting(vendor, database, submissions_per_minute=1) as actor:
        await actor.execute(first)
    async with acting(vendor, database, submissions_per_minute=1) as actor:
        waiting = asyncio.create_task(actor.execute(second))
        await reached(lambda: actor._sender.waiting == 1)
        done, _ = await asyncio.wait({waiting}, timeout=1.0)
        assert not done
        waiting.cancel()
    assert [intent.attempts for intent in await intents(pools)] == [1, 0]


async def test_a_device_or_a_vendor_that_is_down_is_unavailable(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.OFFLINE, FOREVER)
    async with acting(vendor, database) as actor:
        with pytest.raises(BackendUnavailable, match="ibm:ibm_manila cannot take work now"):
            await actor.check("ibm_manila")
        with pytest.raises(InvalidInput, match="backend: no device 'ibm_none'"):
            await actor.check("ibm_none")
        with pytest.raises(InvalidInput, match="backend: no device 'ibm_none'"):
            await actor.execute(asked(device="ibm_none"))
    vendor.faults.clear()
    vendor.faults.arm("unauthorized", FOREVER)
    async with acting(vendor, database) as actor:
        with pytest.raises(BackendUnavailable):
            await actor.execute(asked(index=1))
    assert [intent.attempts for intent in await intents(pools)] == [0, 0]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(app.FAILED, "control electronics"), (app.TOO_LONG, "more than the 20 s")],
)
async def test_a_job_that_fails_is_told_with_its_reason_and_not_sent_again(
    vendor: RunningVendor, database: Any, pools: Pools, fault: str, reason: str
) -> None:
    request = asked(shots=10)
    vendor.faults.arm(fault)
    async with acting(vendor, database) as actor:
        for _ in range(2):
            with pytest.raises(ChunkFailed, match=reason):
                await actor.execute(request)
    (intent,) = await intents(pools)
    assert (intent.state, intent.attempts) == (IntentState.FAILED, 1)


async def test_a_vendor_that_never_answers_is_left_and_asked_anew(
    vendor: RunningVendor, database: Any
) -> None:
    client = replace(vendor.config(), answer_within_s=20.0)
    async with acting(vendor, database, client=client) as actor:
        await actor.devices()
        vendor.faults.arm(app.SLOW, 1)
        with pytest.raises(BackendUnavailable, match=r"no answer within 0\.5 s"):
            await actor._vendor.call(lambda one: one.device("ibm_manila"), 0.5)
        assert actor._vendor.left_behind == 1
        await actor.check("ibm_manila")
