"""Check that a request is answered by one job, or refused for a reason."""

import asyncio
import base64
import io
import threading
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from qiskit import QuantumCircuit, qpy

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
