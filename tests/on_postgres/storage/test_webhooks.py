"""Keep webhooks in a real database: owed once, claimed by one, secret to those who answer."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest

from core.errors import InvalidInput, NotFound
from core.runs import DEFAULT_ORG, RunKind, RunStatus
from core.webhooks import TEST_EVENT, DeliveryState
from storage import webhooks
from tests.vaults import VAULT

if TYPE_CHECKING:
    from storage.pool import Pools

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")
RUN = UUID("019a0000-0000-7000-8000-000000000001")


async def add(pools: "Pools", url: str = "https://example.com/a") -> UUID:
    async with pools.write(DEFAULT_ORG) as connection:
        endpoint = await webhooks.add_endpoint(
            connection, VAULT, DEFAULT_ORG, url, "whsec_AA==", NOW
        )
    return endpoint.endpoint_id


async def end_run(pools: "Pools", run_id: UUID = RUN) -> None:
    async with pools.system() as connection:
        await webhooks.enqueue(
            connection, DEFAULT_ORG, run_id, RunKind.HEDGE, RunStatus.FAILED, NOW
        )


async def test_every_endpoint_is_owed_a_run_once(pools: "Pools") -> None:
    first, second = await add(pools), await add(pools, "https://example.com/b")
    await end_run(pools)
    await end_run(pools)
    async with pools.read(DEFAULT_ORG) as connection:
        assert [one.endpoint_id for one in await webhooks.endpoints(connection, DEFAULT_ORG)] == [
            first,
            second,
        ]
        owed = await webhooks.deliveries(connection, DEFAULT_ORG, None, 10, None)
    assert {one.endpoint_id for one in owed} == {first, second}
    assert {(one.event, one.run_id, one.run_kind, one.run_status) for one in owed} == {
        ("run.failed", RUN, "hedge", RunStatus.FAILED)
    }


async def test_no_endpoint_nothing_owed(pools: "Pools") -> None:
    await end_run(pools)
    async with pools.system() as connection:
        assert await webhooks.claim(connection, LATER, LATER, 10) == []


async def test_couriers_side_by_side_share_without_overlap(pools: "Pools") -> None:
    await add(pools)
    runs = [UUID(int=RUN.int + number) for number in range(30)]
    for run_id in runs:
        await end_run(pools, run_id)

    async def take() -> list[UUID | None]:
        async with pools.system() as connection:
            return [due.delivery.run_id for due in await webhooks.claim(connection, NOW, LATER, 10)]

    taken: list[UUID | None] = []
    # What one courier holds, others pass over, so a round of all of them may leave some behind.
    while parts := [part for part in await asyncio.gather(*(take() for _ in range(4))) if part]:
        taken.extend(run for part in parts for run in part)
    assert sorted(run for run in taken if run) == runs


async def test_a_claim_that_runs_out_is_due_again_and_counts(pools: "Pools") -> None:
    await add(pools)
    await end_run(pools)
    async with pools.system() as connection:
        (first,) = await webhooks.claim(connection, NOW, LATER, 10)
        assert await webhooks.claim(connection, NOW, LATER, 10) == []
        (second,) = await webhooks.claim(connection, LATER, LATER + timedelta(minutes=1), 10)
    assert first.delivery.delivery_id == second.delivery.delivery_id
    assert (first.delivery.attempts, second.delivery.attempts) == (1, 2)
    assert first.plain_secret is None
    async with pools.system() as connection:
        assert await webhooks.secret_of(connection, VAULT, first) == "whsec_AA=="
    assert "whsec" not in repr(first)


async def test_what_is_final_stays(pools: "Pools") -> None:
    await add(pools)
    await end_run(pools)
    async with pools.system() as connection:
        (due,) = await webhooks.claim(connection, NOW, LATER, 10)
        for state, answered in ((DeliveryState.DELIVERED, 200), (DeliveryState.GIVEN_UP, 500)):
            await webhooks.settle(connection, due, state, NOW, answered, None, NOW)
        assert await webhooks.claim(connection, NOW + timedelta(days=9), LATER, 10) == []
        (kept,) = await webhooks.deliveries(connection, DEFAULT_ORG, None, 10, None)
    assert (kept.state, kept.answered, kept.finished_at) == (DeliveryState.DELIVERED, 200, NOW)


async def test_a_removed_endpoint_is_owed_nothing_and_has_no_secret(pools: "Pools") -> None:
    endpoint_id = await add(pools)
    await end_run(pools)
    async with pools.write(DEFAULT_ORG) as connection:
        await webhooks.remove_endpoint(connection, DEFAULT_ORG, endpoint_id, NOW)
        with pytest.raises(NotFound):
            await webhooks.remove_endpoint(connection, DEFAULT_ORG, endpoint_id, NOW)
        with pytest.raises(NotFound):
            await webhooks.enqueue_test(connection, DEFAULT_ORG, endpoint_id, TEST_EVENT, NOW)
        assert await webhooks.endpoints(connection, DEFAULT_ORG) == []
        (given_up,) = await webhooks.deliveries(connection, DEFAULT_ORG, endpoint_id, 10, None)
    assert given_up.state is DeliveryState.GIVEN_UP
    await end_run(pools, UUID(int=RUN.int + 1))
    async with pools.system() as connection:
        assert await webhooks.claim(connection, LATER, LATER, 10) == []
        assert (
            await connection.fetchval(
                "SELECT count(*) FROM webhook_endpoints "
                "WHERE secret IS NOT NULL OR sealed_secret IS NOT NULL"
            )
            == 0
        )


async def test_whoever_answers_requests_reads_no_secret(pools: "Pools") -> None:
    await add(pools)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with pools.read(DEFAULT_ORG) as connection:
            await connection.fetchval("SELECT secret FROM webhook_endpoints")


async def test_endpoints_are_bounded_even_when_added_together(pools: "Pools") -> None:
    results = await asyncio.gather(
        *(add(pools, f"https://example.com/{number}") for number in range(14)),
        return_exceptions=True,
    )
    refused = [one for one in results if isinstance(one, InvalidInput)]
    assert len(refused) == 14 - webhooks.MAX_ENDPOINTS
    assert refused[0].context["field"] == "url"


async def test_deliveries_are_listed_newest_first_a_page_at_a_time(pools: "Pools") -> None:
    endpoint_id, other = await add(pools), await add(pools, "https://example.com/b")
    made = []
    for number in range(5):
        async with pools.write(DEFAULT_ORG) as connection:
            moment = NOW + timedelta(seconds=number // 2)
            delivery = await webhooks.enqueue_test(
                connection, DEFAULT_ORG, endpoint_id, TEST_EVENT, moment
            )
            made.append(delivery)
    listed, before = [], None
    async with pools.read(DEFAULT_ORG) as connection:
        while page := await webhooks.deliveries(connection, DEFAULT_ORG, endpoint_id, 2, before):
            listed += page
            before = page[-1].delivery_id
        assert await webhooks.deliveries(connection, DEFAULT_ORG, other, 2, None) == []
    assert {one.delivery_id for one in listed} == {one.delivery_id for one in made}
    assert len(listed) == 5
    assert [one.created_at for one in listed] == sorted(
        (one.created_at for one in made), reverse=True
    )


async def test_another_organisation_sees_and_removes_nothing(pools: "Pools") -> None:
    endpoint_id = await add(pools)
    await end_run(pools)
    async with pools.write(OTHER_ORG) as connection:
        assert await webhooks.endpoints(connection, DEFAULT_ORG) == []
        assert await webhooks.deliveries(connection, DEFAULT_ORG, None, 10, None) == []
        with pytest.raises(NotFound):
            await webhooks.remove_endpoint(connection, DEFAULT_ORG, endpoint_id, NOW)


async def test_what_ended_long_ago_is_forgotten_and_what_is_owed_is_not(pools: "Pools") -> None:
    await add(pools)
    await end_run(pools)
    await end_run(pools, UUID(int=RUN.int + 1))
    async with pools.system() as connection:
        (due, _) = await webhooks.claim(connection, NOW, LATER, 10)
        await webhooks.settle(connection, due, DeliveryState.DELIVERED, NOW, 200, None, NOW)
        await webhooks.forget(connection, NOW)
        assert len(await webhooks.deliveries(connection, DEFAULT_ORG, None, 10, None)) == 2
        await webhooks.forget(connection, LATER)
        (left,) = await webhooks.deliveries(connection, DEFAULT_ORG, None, 10, None)
    assert left.state is DeliveryState.PENDING
