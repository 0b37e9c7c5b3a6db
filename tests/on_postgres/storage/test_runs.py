"""Check the stored life of runs: keys, limits, steps and events, under concurrency."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import uuid_utils.compat as uuid_utils

from core.errors import IdempotencyKeyReused, RunAlreadyFinished, RunNotFound, TooManyRuns
from core.run_life import Step
from core.runs import DEFAULT_ORG, MANAGER, NewRun, Run, RunEvent, RunKind, RunStatus
from storage import run_events, runs
from storage.pool import PoolConfig, Pools, open_pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
SPECIFICATION = {"products": ["CL"], "seed": 7, "risk_aversion": 0.1 + 0.2}
WHOLE_WAY = (RunStatus.PLANNING, RunStatus.RUNNING, RunStatus.SUCCEEDED)


def a_run(**changes: Any) -> NewRun:
    values: dict[str, Any] = {
        "org_id": DEFAULT_ORG,
        "run_id": uuid_utils.uuid7(),
        "kind": RunKind.PORTFOLIO,
        "specification": SPECIFICATION,
        "specification_hash": b"hash",
        "problem": {"k": 4},
        "backend": "auto",
        "seed": 2**63 - 1,
        "code_version": "abc",
        "vintage": "2026-01-02",
        "submitted_by": "key one",
    }
    return NewRun(**{**values, **changes})


async def create(
    pools: Pools,
    new: NewRun | None = None,
    key: str | None = None,
    request: bytes = b"request",
    most: int = 1000,
) -> tuple[Run, bool]:
    new = new or a_run()
    async with pools.write(new.org_id) as connection:
        return await runs.create(connection, new, key, request, NOW, most)


async def move(pools: Pools, run: Run, *states: RunStatus, **values: Any) -> list[RunEvent]:
    steps = [Step.into(status, who=MANAGER) for status in states]
    async with pools.system() as connection:
        return await runs.take_steps(connection, run.org_id, run.run_id, steps, LATER, **values)


async def read(pools: Pools, run: Run) -> Run:
    async with pools.read(run.org_id) as connection:
        return await runs.get(connection, run.org_id, run.run_id)


async def events_of(pools: Pools, run: Run, after: int = 0) -> list[RunEvent]:
    async with pools.read(run.org_id) as connection:
        return await run_events.after(connection, run.org_id, run.run_id, after)


async def test_a_run_is_stored_as_given_with_its_first_event(pools: Pools) -> None:
    deadline = NOW + timedelta(hours=1)
    new = a_run(priority=3, deadline=deadline, labels=("nightly", "a b"))
    run, created = await create(pools, new)
    assert created
    assert run == Run(
        org_id=DEFAULT_ORG,
        run_id=new.run_id,
        kind=RunKind.PORTFOLIO,
        status=RunStatus.QUEUED,
        specification=SPECIFICATION,
        problem={"k": 4},
        plan=None,
        result=None,
        error=None,
        backend="auto",
        seed=2**63 - 1,
        code_version="abc",
        vintage="2026-01-02",
        submitted_by="key one",
        priority=3,
        deadline=deadline,
        labels=("nightly", "a b"),
        waiting_for=None,
        cancel_requested=False,
        created_at=NOW,
        started_at=None,
        finished_at=None,
    )
    assert await read(pools, run) == run
    assert await events_of(pools, run) == [
        RunEvent(
            run_id=run.run_id,
            sequence=1,
            at=NOW,
            kind="queued",
            status=RunStatus.QUEUED,
            who="key one",
            why=None,
            detail={},
        )
    ]


async def test_a_key_makes_one_run(pools: Pools) -> None:
    first, created = await create(pools, key="k")
    again, created_again = await create(pools, key="k")
    assert (created, created_again, again) == (True, False, first)
    with pytest.raises(IdempotencyKeyReused):
        await create(pools, key="k", request=b"another")
    other, created_other = await create(pools, key="l")
    assert created_other
    assert other.run_id != first.run_id


async def test_fifty_callers_of_one_key_make_one_run(database: Any) -> None:
    pools = await open_pools(database.urls, PoolConfig(max_size=20))
    outcomes = await asyncio.gather(*(create(pools, key="k") for _ in range(50)))
    async with pools.system() as connection:
        assert len(await runs.queue(connection)) == 1
    await pools.close()
    assert sum(created for _, created in outcomes) == 1
    assert len({run.run_id for run, _ in outcomes}) == 1


async def test_no_more_runs_are_unfinished_than_the_plan_allows(database: Any) -> None:
    pools = await open_pools(database.urls, PoolConfig(max_size=20))
    outcomes = await asyncio.gather(
        *(create(pools, key=str(number), most=5) for number in range(20)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, TooManyRuns)]
    kept = [outcome[0] for outcome in outcomes if isinstance(outcome, tuple)]
    assert (len(refused), len(kept)) == (15, 5)
    assert refused[0].context == {"plan": "team", "limit": 5}
    await move(pools, kept[0], *WHOLE_WAY)
    await create(pools, most=5)
    with pytest.raises(TooManyRuns):
        await create(pools, most=5)
    await pools.close()


async def test_a_refused_run_leaves_its_key_free_and_an_old_key_answers_at_the_limit(
    pools: Pools,
) -> None:
    first, _ = await create(pools, key="first", most=1)
    with pytest.raises(TooManyRuns):
        await create(pools, key="k", most=1)
    assert await create(pools, key="first", most=1) == (first, False)
    await move(pools, first, RunStatus.FAILED)
    _, created = await create(pools, key="k", most=1)
    assert created


async def test_an_organisation_is_not_limited_by_the_runs_of_another(pools: Pools) -> None:
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO organisations (org_id, name, created_at) VALUES ($1, 'other', now())",
            OTHER_ORG,
        )
    await create(pools, most=1)
    _, created = await create(pools, a_run(org_id=OTHER_ORG), most=1)
    assert created


async def test_a_run_of_another_organisation_does_not_exist(pools: Pools) -> None:
    run, _ = await create(pools)
    for org_id in (OTHER_ORG, DEFAULT_ORG):
        async with pools.write(OTHER_ORG) as connection:
            with pytest.raises(RunNotFound):
                await runs.get(connection, org_id, run.run_id)
            with pytest.raises(RunNotFound):
                await runs.request_cancel(connection, org_id, run.run_id, "a", NOW)
            with pytest.raises(RunNotFound):
                await runs.set_waiting(connection, org_id, run.run_id, "a", NOW)
            steps = [Step.into(RunStatus.FAILED, who="a")]
            with pytest.raises(RunNotFound):
                await runs.take_steps(connection, org_id, run.run_id, steps, NOW)
            assert await run_events.after(connection, org_id, run.run_id, 0) == []


async def test_a_run_goes_its_way_once(pools: Pools) -> None:
    run, _ = await create(pools)
    assert (await read(pools, run)).started_at is None
    await move(pools, run, RunStatus.PLANNING)
    plan = {"chunks": 8, "share": 0.1 + 0.2}
    await move(pools, run, RunStatus.RUNNING, plan=plan, backend="subspace")
    (event,) = await move(pools, run, RunStatus.SUCCEEDED, result={"objective": -1.5})
    assert (event.sequence, event.status, event.at) == (4, RunStatus.SUCCEEDED, LATER)
    assert await move(pools, run, RunStatus.FAILED, error={"code": "late"}) == []
    async with pools.system() as connection:
        assert await runs.queue(connection) == []
        assert await runs.queued(connection, DEFAULT_ORG, run.run_id) is None
        with pytest.raises(RunAlreadyFinished, match="already succeeded"):
            await runs.request_cancel(connection, DEFAULT_ORG, run.run_id, "a", NOW)
        await runs.set_waiting(connection, DEFAULT_ORG, run.run_id, "too late", NOW)
    stored = await read(pools, run)
    assert (stored.problem, stored.plan, stored.backend) == ({"k": 4}, plan, "subspace")
    assert (stored.result, stored.error) == ({"objective": -1.5}, None)
    assert (stored.started_at, stored.finished_at) == (LATER, LATER)
    assert stored.waiting_for is None
    assert [event.sequence for event in await events_of(pools, run, after=2)] == [3, 4]


async def test_steps_taken_together_are_stored_together(pools: Pools) -> None:
    run, _ = await create(pools)
    steps = [
        Step.into(RunStatus.PLANNING, who="a"),
        Step.into(RunStatus.RUNNING, who="b", why="cheapest", detail={"x": 0.1 + 0.2}),
        Step(kind="progress", who="c", detail={"done": 1}),
        Step.into(RunStatus.SUCCEEDED, who="d"),
        Step(kind="progress", who="e"),
    ]
    async with pools.system() as connection:
        taken = await runs.take_steps(connection, DEFAULT_ORG, run.run_id, steps, LATER)
    assert taken == await events_of(pools, run, after=1)
    assert [
        (event.sequence, event.kind, event.who, event.why, event.detail) for event in taken
    ] == [
        (2, "planning", "a", None, {}),
        (3, "running", "b", "cheapest", {"x": 0.1 + 0.2}),
        (4, "progress", "c", None, {"done": 1}),
        (5, "succeeded", "d", None, {}),
    ]
    stored = await read(pools, run)
    assert (stored.started_at, stored.finished_at) == (LATER, LATER)


async def test_a_run_that_never_began_has_an_end_and_no_start(pools: Pools) -> None:
    run, _ = await create(pools)
    await move(pools, run, RunStatus.CANCELLED)
    stored = await read(pools, run)
    assert (stored.started_at, stored.finished_at) == (None, LATER)


async def test_a_repeated_step_stores_nothing(pools: Pools) -> None:
    run, _ = await create(pools)
    await move(pools, run, RunStatus.PLANNING)
    before = await read(pools, run)
    assert await move(pools, run, RunStatus.PLANNING, plan={"late": True}) == []
    assert await read(pools, run) == before
    assert len(await events_of(pools, run)) == 2


async def test_a_forbidden_way_is_a_fault_of_the_caller_and_stores_nothing(pools: Pools) -> None:
    run, _ = await create(pools)
    with pytest.raises(ValueError, match="cannot go from planning to succeeded"):
        await move(pools, run, RunStatus.PLANNING, RunStatus.SUCCEEDED)
    assert await read(pools, run) == run
    assert len(await events_of(pools, run)) == 1


async def test_events_of_concurrent_writers_are_numbered_without_holes(pools: Pools) -> None:
    run, _ = await create(pools)

    async def add(number: int) -> None:
        steps = [Step(kind="progress", who="a", detail={"number": number, "part": part})
                 for part in range(2)]  # fmt: skip
        async with pools.system() as connection:
            await runs.take_steps(connection, DEFAULT_ORG, run.run_id, steps, NOW)

    await asyncio.gather(*(add(number) for number in range(20)))
    events = await events_of(pools, run, after=1)
    assert [event.sequence for event in events] == list(range(2, 42))
    pairs = [(event.detail["number"], event.detail["part"]) for event in events]
    assert sorted(pairs) == [(number, part) for number in range(20) for part in range(2)]
    assert all(
        number == after for (number, _), (after, _) in zip(pairs[::2], pairs[1::2], strict=True)
    )


async def test_two_enders_of_a_run_leave_one_final_event(pools: Pools) -> None:
    run, _ = await create(pools)
    ends = await asyncio.gather(
        *(move(pools, run, to) for to in (RunStatus.CANCELLED, RunStatus.FAILED) * 4)
    )
    assert sum(len(events) for events in ends) == 1
    (last,) = await events_of(pools, run, after=1)
    assert last.status is (await read(pools, run)).status


async def test_a_cancel_is_noted_once_with_who_asked(pools: Pools) -> None:
    run, _ = await create(pools)

    async def cancel(who: str) -> None:
        async with pools.write(DEFAULT_ORG) as connection:
            await runs.request_cancel(connection, DEFAULT_ORG, run.run_id, who, LATER)

    await asyncio.gather(*(cancel("key one") for _ in range(4)))
    async with pools.system() as connection:
        (waiting,) = await runs.queue(connection)
    assert waiting.cancel_requested
    assert (await read(pools, run)).cancel_requested
    events = await events_of(pools, run)
    assert [(event.kind, event.who) for event in events] == [
        ("queued", "key one"),
        ("cancel_requested", "key one"),
    ]


async def test_what_a_run_waits_for_is_told_when_it_changes(pools: Pools) -> None:
    run, _ = await create(pools)
    for why in ("a device", "a device", "a place", None, None):
        async with pools.system() as connection:
            await runs.set_waiting(connection, DEFAULT_ORG, run.run_id, why, LATER)
        assert (await read(pools, run)).waiting_for == why
    events = await events_of(pools, run, after=1)
    assert [(event.kind, event.why, event.status) for event in events] == [
        ("waiting", "a device", RunStatus.QUEUED),
        ("waiting", "a place", RunStatus.QUEUED),
        ("waiting", None, RunStatus.QUEUED),
    ]


async def test_steps_leave_what_a_run_waits_for_unless_they_say_otherwise(pools: Pools) -> None:
    run, _ = await create(pools)
    await move(pools, run, RunStatus.PLANNING, waiting_for="a device")
    await move(pools, run, RunStatus.RUNNING)
    assert (await read(pools, run)).waiting_for == "a device"
    await move(pools, run, RunStatus.CANCELLED, waiting_for="never")
    assert (await read(pools, run)).waiting_for is None


async def test_the_queue_holds_every_unfinished_run_oldest_first_with_its_plan(
    pools: Pools,
) -> None:
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO organisations (org_id, name, created_at, plan) "
            "VALUES ($1, 'other', now(), 'free')",
            OTHER_ORG,
        )
    deadline = NOW + timedelta(hours=1)
    made = [
        (await create(pools, a_run(org_id=org_id, priority=2, deadline=deadline)))[0]
        for org_id in (DEFAULT_ORG, OTHER_ORG, DEFAULT_ORG, DEFAULT_ORG)
    ]
    await move(pools, made[2], RunStatus.FAILED)
    await move(pools, made[3], RunStatus.PLANNING, RunStatus.RUNNING, backend="aer")
    async with pools.system() as connection:
        queue = await runs.queue(connection)
        assert await runs.queued(connection, OTHER_ORG, made[1].run_id) == queue[1]
    assert [one.run_id for one in queue] == [made[number].run_id for number in (0, 1, 3)]
    assert [one.plan for one in queue] == ["team", "free", "team"]
    assert [one.backend for one in queue] == ["auto", "auto", "aer"]
    assert {(one.priority, one.deadline, one.kind) for one in queue} == {
        (2, deadline, RunKind.PORTFOLIO)
    }


async def test_the_newest_finished_run_of_a_specification_is_found(pools: Pools) -> None:
    old, _ = await create(pools)
    await move(pools, old, *WHOLE_WAY)
    new, _ = await create(pools)

    async def found(digest: bytes) -> UUID | None:
        async with pools.read(DEFAULT_ORG) as connection:
            run = await runs.find_finished(connection, DEFAULT_ORG, digest)
        return None if run is None else run.run_id

    assert await found(b"hash") == old.run_id
    assert await found(b"other") is None
    await move(pools, new, *WHOLE_WAY)
    assert await found(b"hash") == new.run_id


@pytest.mark.parametrize(
    "act",
    [
        lambda connection, run: connection.execute(
            "UPDATE run_events SET who = 'b' WHERE run_id = $1", run.run_id
        ),
        lambda connection, run: connection.execute(
            "DELETE FROM runs WHERE run_id = $1", run.run_id
        ),
    ],
    ids=["change an event", "delete a run"],
)
async def test_no_role_rewrites_what_happened(pools: Pools, act: Callable[[Any, Run], Any]) -> None:
    run, _ = await create(pools)
    for lend in (pools.system, lambda: pools.write(DEFAULT_ORG)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with lend() as connection:
                await act(connection, run)
