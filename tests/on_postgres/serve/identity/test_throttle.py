"""Check that tries at the same time are counted one by one, and given back when they were right."""

import asyncio
from datetime import timedelta

import pytest

from core.errors import SignInThrottled
from core.identity import Role
from serve.identity import sign_in, throttle
from serve.identity.sign_in import Visitor
from storage.identity import throttles, users
from storage.pool import Pools
from tests.identities import NOW, add_user

pytestmark = pytest.mark.postgres

EMAIL = "ada@example.com"


async def taken(pools: Pools, times: int, address: str) -> int:
    """Try at once, and return how many tries were taken."""
    tries = await asyncio.gather(
        *(throttle.begin(pools, "password", EMAIL, address, NOW) for _ in range(times)),
        return_exceptions=True,
    )
    assert all(isinstance(one, throttle.Attempt | SignInThrottled) for one in tries)
    return sum(isinstance(one, throttle.Attempt) for one in tries)


async def test_tries_at_once_do_not_outrun_the_count(pools: Pools) -> None:
    assert await taken(pools, 40, "192.0.2.1") == throttle.PAIR.free + 1


async def test_a_right_try_forgets_what_failed_before(pools: Pools) -> None:
    for _ in range(3):
        assert await taken(pools, throttle.PAIR.free, "192.0.2.1") == throttle.PAIR.free
        attempt = await throttle.begin(pools, "password", EMAIL, "192.0.2.1", NOW)
        async with pools.system() as conn:
            await throttle.succeeded(conn, attempt)


async def test_a_half_right_try_forgets_nothing(pools: Pools) -> None:
    """Who knows the password and not the code tries codes no faster for it."""
    await taken(pools, 3, "192.0.2.1")
    attempt = await throttle.begin(pools, "password", EMAIL, "192.0.2.1", NOW)
    async with pools.system() as conn:
        await throttle.passed(conn, attempt)
        kept = await throttles.hold(conn, [attempt.pair], NOW)
    assert kept[attempt.pair].count == 3


async def test_an_address_that_signed_in_is_not_slowed_by_what_strangers_do(pools: Pools) -> None:
    async with pools.system() as conn:
        user = await users.read(conn, await add_user(conn, EMAIL, Role.ANALYST))
        home = Visitor(address="192.0.2.1", user_agent="browser")
        await sign_in.let_in(conn, user, ("password",), home, NOW)
    assert sum([await taken(pools, 1, f"198.51.100.{n}") for n in range(70)]) == 50
    assert await taken(pools, 1, "192.0.2.1") == 1


async def test_one_line_s_many_addresses_are_one_visitor(pools: Pools) -> None:
    got = sum([await taken(pools, 1, f"2001:db8::{n:x}") for n in range(1, 20)])
    assert got == throttle.PAIR.free + 1


async def test_a_refused_try_is_not_counted(pools: Pools) -> None:
    await taken(pools, 20, "192.0.2.1")
    later = NOW + timedelta(seconds=throttle.PAIR.delay_s)
    await throttle.begin(pools, "password", EMAIL, "192.0.2.1", later)
