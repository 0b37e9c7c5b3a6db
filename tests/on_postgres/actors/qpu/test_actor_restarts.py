"""Check that no accident, kill or cancellation leaves a job too many."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import pytest

from actors.qpu.requests import QpuRequest
from core.errors import BackendUnavailable, ChunkFailed
from integrations.ibm.client import IbmClient
from integrations.ibm.sandbox import app
from integrations.sandbox_kit import FOREVER
from storage.pool import Pools
from storage.qpu import IntentState
from tests.ibm_vendor import RunningVendor
from tests.on_postgres.actors.qpu.acting import (
    WITHIN_S,
    acting,
    asked,
    intents,
    mine,
    reached,
)

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]


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


async def test_a_job_that_the_vendor_does_not_know_yet_is_not_given_up(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.UNKNOWN_JOB, 12)
    async with acting(vendor, database) as actor:
        outcome = await actor.execute(asked())
    (intent,) = await intents(pools)
    assert mine(vendor, intent) == {outcome.result["job_id"]: "Completed"}
    assert vendor.faults.happened[app.UNKNOWN_JOB] == 12


async def test_a_job_that_the_vendor_forgot_fails_its_piece(
    vendor: RunningVendor, database: Any, pools: Pools
) -> None:
    vendor.faults.arm(app.STALLED, FOREVER)
    vendor.faults.arm(app.UNKNOWN_JOB, FOREVER)
    async with acting(vendor, database, appears_s=0.0) as actor:
        with pytest.raises(ChunkFailed, match=r"does not know job .* any more"):
            await actor.execute(asked())
    (intent,) = await intents(pools)
    assert intent.state is IntentState.FAILED
