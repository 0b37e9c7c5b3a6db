"""Check that an organisation's plan is read by its own and no other."""

from uuid import UUID

import pytest

from core.errors import NotFound
from core.plans import DEFAULT_PLAN, PLANS
from core.runs import DEFAULT_ORG
from storage import plans
from storage.pool import Pools

pytestmark = pytest.mark.postgres

OTHER_ORG = UUID("00000000-0000-7000-8000-00000000000f")


async def add(pools: Pools, plan: str) -> None:
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO organisations (org_id, name, created_at, plan) "
            "VALUES ($1, 'other', now(), $2)",
            OTHER_ORG,
            plan,
        )


async def test_an_organisation_begins_with_the_default_plan(pools: Pools) -> None:
    async with pools.read(DEFAULT_ORG) as connection:
        assert await plans.plan_of(connection, DEFAULT_ORG) is PLANS[DEFAULT_PLAN]


async def test_the_plan_of_another_organisation_is_not_seen(pools: Pools) -> None:
    await add(pools, "enterprise")
    async with pools.read(OTHER_ORG) as connection:
        assert await plans.plan_of(connection, OTHER_ORG) is PLANS["enterprise"]
    async with pools.read(DEFAULT_ORG) as connection:
        with pytest.raises(NotFound, match="Organisation"):
            await plans.plan_of(connection, OTHER_ORG)


async def test_a_plan_that_is_gone_is_told(pools: Pools) -> None:
    await add(pools, "gold")
    async with pools.read(OTHER_ORG) as connection:
        with pytest.raises(NotFound, match="Plan gold does not exist"):
            await plans.plan_of(connection, OTHER_ORG)
