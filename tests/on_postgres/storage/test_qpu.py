"""Check the intents of jobs on quantum hardware, and the budget that they draw on."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.errors import BackendUnavailable, BudgetExhausted
from core.runs import DEFAULT_ORG, BackendSnapshot
from storage import qpu, snapshots
from storage.pool import Pools
from storage.qpu import Intent, IntentKey, IntentState, NewIntent

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
DEVICE = BackendSnapshot(digest=b"d", backend="ibm:ibm_fez", body={"qubits": 156})
FACTS = {"isa_depth": 12}


def key(index: int = 0, org_id: UUID = DEFAULT_ORG, run_id: UUID | None = None) -> IntentKey:
    return IntentKey(org_id, run_id or uuid4(), "sample", index)


async def opened(pools: Pools, where: IntentKey, budget_s: int = 10, **changed: Any) -> Intent:
    values: dict[str, Any] = {"monthly_s": 100, "now": NOW, **changed}
    new = NewIntent(
        key=where, tag=f"t{uuid4()}", device="ibm_fez", primitive="sampler", budget_s=budget_s
    )
    async with pools.system() as connection:
        return await qpu.open_intent(connection, new, values["monthly_s"], values["now"])


async def attempted(pools: Pools, where: IntentKey, now: datetime = NOW) -> Intent | None:
    async with pools.system() as connection:
        await snapshots.remember(connection, DEVICE, now)
        return await qpu.record_attempt(connection, where, DEVICE.digest, FACTS, now)


async def closed(pools: Pools, where: IntentKey, usage_s: float | None) -> bool:
    async with pools.system() as connection:
        return await qpu.close(
            connection, where, IntentState.FINISHED, reason=None, usage_s=usage_s, now=NOW
        )


async def test_a_chunk_has_one_intent_however_often_it_is_opened(pools: Pools) -> None:
    where = key()
    first = await opened(pools, where)
    assert await opened(pools, where, 90) == first
    assert (first.state, first.attempts, first.job_id) == (IntentState.OPEN, 0, None)
    assert first.is_wanted


async def test_the_month_counts_what_is_used_and_what_is_set_aside(pools: Pools) -> None:
    done, waiting = key(), key()
    await opened(pools, done, 60)
    await opened(pools, waiting, 40)
    with pytest.raises(BackendUnavailable, match="set aside for jobs under way"):
        await opened(pools, key(), 1)
    with pytest.raises(BudgetExhausted) as caught:
        await opened(pools, key(), 101)
    assert caught.value.context == {"needed_s": 101, "left_s": 100, "budget_s": 100}
    assert await closed(pools, done, 12.5)
    async with pools.read(DEFAULT_ORG) as connection:
        usage = await qpu.month_usage(connection, DEFAULT_ORG, NOW)
        view = await connection.fetchrow("SELECT * FROM qpu_usage")
    assert (usage.used_s, usage.reserved_s) == (12.5, 40.0)
    assert view is not None
    assert (view["month"].isoformat(), view["jobs"]) == ("2026-12-01", 2)
    assert (view["used_s"], view["reserved_s"]) == (12.5, 40)
    await opened(pools, key(), 47)
    with pytest.raises(BackendUnavailable):
        await opened(pools, key(), 1)
    with pytest.raises(BudgetExhausted):
        await opened(pools, key(), 88)
    await opened(pools, key(), 100, now=NOW + timedelta(minutes=30))
    await opened(pools, key(org_id=OTHER_ORG), 100)


async def test_usage_that_comes_late_is_settled_once(pools: Pools) -> None:
    where = key()
    await opened(pools, where)
    assert await closed(pools, where, None)
    assert not await closed(pools, where, 3.0)
    for usage_s in (2.0, 7.0):
        async with pools.system() as connection:
            await qpu.settle(connection, where, usage_s)
    async with pools.system() as connection:
        intent = await qpu.get(connection, where)
        assert await qpu.unsettled(connection) == []
    assert intent is not None
    assert intent.usage_s == 2.0


async def test_the_job_that_counts_never_changes(pools: Pools) -> None:
    where = key()
    await opened(pools, where)
    intent = await attempted(pools, where)
    assert intent is not None
    assert (intent.attempts, intent.snapshot_id, intent.facts) == (1, DEVICE.digest, FACTS)
    for job_id, duplicates in (("a", ["b"]), ("b", ["a", "c"]), ("a", ["c"])):
        async with pools.system() as connection:
            intent = await qpu.record_job(connection, where, job_id, duplicates, NOW)
        assert intent.job_id == "a"
    assert intent.duplicates == ("b", "c")
    async with pools.system() as connection:
        assert await qpu.by_tags(connection, [intent.tag, "none"]) == {intent.tag: intent}


async def test_what_is_not_wanted_any_more_is_not_sent(pools: Pools) -> None:
    run_id = uuid4()
    waiting, done = key(0, run_id=run_id), key(1, run_id=run_id)
    for where in (waiting, done):
        await opened(pools, where)
    await closed(pools, done, 0.0)
    async with pools.system() as connection:
        await qpu.request_cancel(connection, DEFAULT_ORG, run_id)
        kept = await qpu.get(connection, done)
        assert kept is not None
        assert not kept.cancel_requested
    assert await attempted(pools, waiting) is None
    async with pools.system() as connection:
        (intent,) = await qpu.unsettled(connection)
    assert not intent.is_wanted


async def test_a_job_is_either_sent_or_dropped_whoever_comes_first(pools: Pools) -> None:
    sent, dropped = key(0), key(1)
    for where in (sent, dropped):
        before = await opened(pools, where)
        if where is sent:
            assert await attempted(pools, where) is not None
        async with pools.system() as connection:
            is_dropped = await qpu.drop(connection, before, "nobody wants it", NOW)
        assert is_dropped is (where is dropped)
    assert await attempted(pools, dropped) is None
    async with pools.system() as connection:
        (left,) = await qpu.unsettled(connection)
        assert left.key == sent
        assert await qpu.drop(connection, left, "it never appeared", NOW)
        assert await qpu.unsettled(connection) == []


async def test_nothing_is_sent_for_a_run_that_has_ended(pools: Pools) -> None:
    run_id = uuid4()
    where = key(run_id=run_id)
    await opened(pools, where)
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO runs (org_id, run_id, kind, status, specification, specification_hash, "
            "backend, seed, code_version, submitted_by, created_at) VALUES "
            "($1, $2, 'circuit', 'failed', '{}', '', 'ibm:ibm_fez', 1, '', '', now())",
            DEFAULT_ORG,
            run_id,
        )
    assert await attempted(pools, where) is None


async def test_jobs_of_the_last_minute_are_told_in_order(pools: Pools) -> None:
    moments = [NOW, NOW - timedelta(seconds=59), NOW - timedelta(seconds=61)]
    for moment in moments:
        where = key()
        await opened(pools, where)
        await attempted(pools, where, moment)
    async with pools.system() as connection:
        since = await qpu.attempts_since(connection, NOW - timedelta(minutes=1))
    assert since == [moments[1], moments[0]]
