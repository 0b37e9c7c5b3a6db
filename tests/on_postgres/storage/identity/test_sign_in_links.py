"""Check that a sign-in link lets its user in once, while it is good."""

import asyncio
from datetime import timedelta

import pytest

from core.identity import Role
from storage.identity import sign_in_links, users
from storage.pool import Pools
from tests.identities import NOW, add_user

pytestmark = pytest.mark.postgres


async def test_a_link_is_good_once_also_when_two_race(pools: Pools) -> None:
    async with pools.system() as conn:
        user_id = await add_user(conn, "a@example.com", Role.OWNER)
        token = await sign_in_links.create(conn, user_id, NOW, 60)
        assert await sign_in_links.peek(conn, token, NOW) == user_id
        assert await sign_in_links.peek(conn, token + "x", NOW) is None
        assert await sign_in_links.use(conn, token, NOW + timedelta(seconds=60)) is None

    async def use() -> bool:
        async with pools.system() as conn:
            return await sign_in_links.use(conn, token, NOW) == user_id

    assert sorted(await asyncio.gather(use(), use(), use())) == [False, False, True]


async def test_withdrawn_links_and_those_of_stopped_users_are_not_good(pools: Pools) -> None:
    async with pools.system() as conn:
        user_id = await add_user(conn, "a@example.com", Role.OWNER)
        withdrawn = await sign_in_links.create(conn, user_id, NOW, 60)
        await sign_in_links.withdraw(conn, user_id, NOW)
        assert await sign_in_links.use(conn, withdrawn, NOW) is None
        token = await sign_in_links.create(conn, user_id, NOW, 60)
        await users.disable(conn, user_id, NOW)
        assert await sign_in_links.peek(conn, token, NOW) is None
        assert await sign_in_links.use(conn, token, NOW) is None
