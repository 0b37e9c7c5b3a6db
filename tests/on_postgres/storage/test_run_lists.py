"""Check that pages of runs hold what a filter chooses, against a filter written out by hand."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
import uuid_utils.compat as uuid_utils

from core.errors import InvalidInput
from core.run_life import Step
from core.runs import DEFAULT_ORG, MANAGER, NewRun, Run, RunFilter, RunKind, RunStatus
from storage import runs
from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
RUNS = 120
BACKENDS = ("subspace", "aer", "aer:fake_fez")
LABELS = ("nightly", "a b", "x' OR true")
WAYS = [
    (),
    (RunStatus.CANCELLED,),
    (RunStatus.PLANNING,),
    (RunStatus.PLANNING, RunStatus.RUNNING),
    (RunStatus.PLANNING, RunStatus.RUNNING, RunStatus.FAILED),
    (RunStatus.PLANNING, RunStatus.RUNNING, RunStatus.SUCCEEDED),
]


def a_run(chance: random.Random, org_id: UUID) -> NewRun:
    return NewRun(
        org_id=org_id,
        run_id=uuid_utils.uuid7(),
        kind=chance.choice(list(RunKind)),
        specification={"seed": 7},
        specification_hash=b"hash",
        problem={"k": 4},
        backend="auto",
        seed=7,
        code_version="abc",
        vintage=None,
        submitted_by="key one",
        labels=tuple(chance.sample(LABELS, chance.randrange(3))),
    )


async def fill(pools: Pools, chance: random.Random) -> list[Run]:
    """Store runs of two organisations, several of one moment, and return the first one's."""
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO organisations (org_id, name, created_at) VALUES ($1, 'other', $2)",
            OTHER_ORG,
            NOW,
        )
        for number in range(RUNS):
            org_id = OTHER_ORG if number % 10 == 0 else DEFAULT_ORG
            moment = NOW + timedelta(seconds=chance.randrange(30))
            run, _ = await runs.create(connection, a_run(chance, org_id), None, b"", moment, RUNS)
            steps = [Step.into(status, who=MANAGER) for status in chance.choice(WAYS)]
            await runs.take_steps(
                connection,
                org_id,
                run.run_id,
                steps,
                moment,
                plan={"chunks": 1},
                result={"a": 1},
                backend=chance.choice(BACKENDS),
            )
        rows = await connection.fetch(
            "SELECT run_id FROM runs WHERE org_id = $1 ORDER BY created_at DESC, run_id DESC",
            DEFAULT_ORG,
        )
        return [await runs.get(connection, DEFAULT_ORG, row["run_id"]) for row in rows]


def chosen(run: Run, chosen_by: RunFilter) -> bool:
    return (
        (not chosen_by.statuses or run.status in chosen_by.statuses)
        and (not chosen_by.kinds or run.kind in chosen_by.kinds)
        and chosen_by.backend in {None, run.backend}
        and (chosen_by.label is None or chosen_by.label in run.labels)
        and (chosen_by.created_from is None or run.created_at >= chosen_by.created_from)
        and (chosen_by.created_before is None or run.created_at < chosen_by.created_before)
    )


def filters(chance: random.Random) -> list[RunFilter]:
    """Combine every way of choosing by state with every other, each with a random window."""
    made = []
    for statuses, kinds, backend, label in product((0, 1, 3), (0, 1, 3), (0, 1), (0, 1)):
        low, high = sorted(chance.sample(range(32), 2))
        values: dict[str, Any] = {
            "statuses": tuple(chance.sample(list(RunStatus), statuses)),
            "kinds": tuple(chance.sample(list(RunKind), kinds)),
            "backend": chance.choice((*BACKENDS, "auto")) if backend else None,
            "label": chance.choice(LABELS) if label else None,
        }
        made += [
            RunFilter(**values),
            RunFilter(**values, created_from=NOW + timedelta(seconds=low)),
            RunFilter(
                **values,
                created_from=NOW + timedelta(seconds=low),
                created_before=NOW + timedelta(seconds=high),
            ),
        ]
    return made


async def pages(pools: Pools, chosen_by: RunFilter, limit: int) -> list[Run]:
    seen: list[Run] = []
    async with pools.read(DEFAULT_ORG) as connection:
        while page := await runs.list_page(
            connection, DEFAULT_ORG, chosen_by, limit, seen[-1].run_id if seen else None
        ):
            assert len(page) <= limit
            seen += page
    return seen


@pytest.mark.parametrize("seed", range(3))
async def test_pages_hold_what_a_filter_chooses_newest_first(pools: Pools, seed: int) -> None:
    chance = random.Random(seed)
    stored = await fill(pools, chance)
    assert any(run.labels for run in stored)
    found = 0
    for chosen_by in filters(chance):
        expected = [run.run_id for run in stored if chosen(run, chosen_by)]
        listed = await pages(pools, chosen_by, chance.choice((3, 50)))
        assert [run.run_id for run in listed] == expected, chosen_by
        found += len(expected)
    assert found > RUNS


async def test_lists_leave_out_what_is_large_and_nothing_else(pools: Pools) -> None:
    stored = await fill(pools, random.Random(7))
    listed = await pages(pools, RunFilter(), 50)
    assert len(listed) == len(stored)
    for one, whole in zip(listed, stored, strict=True):
        assert (one.problem, one.plan, one.result) == (None, None, None)
        assert whole.problem is not None
        for name in set(Run.__slots__) - {"problem", "plan", "result"}:
            assert getattr(one, name) == getattr(whole, name), name


async def test_a_page_before_a_run_that_is_not_ones_own_is_refused(pools: Pools) -> None:
    await fill(pools, random.Random(7))
    async with pools.system() as connection:
        foreign = await connection.fetchval(
            "SELECT run_id FROM runs WHERE org_id = $1 LIMIT 1", OTHER_ORG
        )
    async with pools.read(DEFAULT_ORG) as connection:
        for before in (foreign, uuid_utils.uuid7()):
            with pytest.raises(InvalidInput, match=f"before: there is no run {before}"):
                await runs.list_page(connection, DEFAULT_ORG, RunFilter(), 10, before)


async def store(pools: Pools, **changes: Any) -> Run:
    new = replace(a_run(random.Random(7), DEFAULT_ORG), **changes)
    async with pools.write(DEFAULT_ORG) as connection:
        return (await runs.create(connection, new, None, b"", NOW, 10))[0]


async def test_a_long_specification_is_empty_in_lists_and_whole_in_its_run(pools: Pools) -> None:
    short = {"angles": [number / 7 for number in range(50)]}
    long = {"angles": [number / 7 for number in range(5_000)]}
    made = [await store(pools, specification=one, labels=("l",)) for one in (short, long)]
    for chosen_by in (
        RunFilter(),
        RunFilter(kinds=tuple(RunKind)),
        RunFilter(backend="auto"),
        RunFilter(label="l"),
    ):
        listed = await pages(pools, chosen_by, 10)
        assert [run.specification for run in listed] == [{}, short]
    async with pools.read(DEFAULT_ORG) as connection:
        whole = await runs.get(connection, DEFAULT_ORG, made[1].run_id)
    assert whole.specification == long


async def test_a_label_named_twice_is_one_label(pools: Pools) -> None:
    await store(pools, labels=("twice", "twice"))
    assert len(await pages(pools, RunFilter(label="twice"), 10)) == 1


async def test_the_labels_of_another_organisation_find_nothing(pools: Pools) -> None:
    await fill(pools, random.Random(7))
    async with pools.read(UUID("00000000-0000-7000-8000-0000000000aa")) as connection:
        for org_id in (DEFAULT_ORG, OTHER_ORG):
            for chosen_by in (RunFilter(), RunFilter(label="nightly"), RunFilter(backend="aer")):
                assert await runs.list_page(connection, org_id, chosen_by, 10) == []
