"""Check who is let in, how soon a key stops working, and what a store that is away means."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.api_keys import new_secret
from core.clock import SystemClock, utc_from_ns
from core.errors import SourceUnavailable, Unauthenticated
from core.identity import Permission, Principal, Role
from core.runs import DEFAULT_ORG
from serve.identity import authenticator as module
from serve.identity.authenticator import Authenticator
from storage.identity import api_keys, memberships
from storage.pool import Pools, open_pools
from tests.identities import add_user, key_headers

if TYPE_CHECKING:
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

WITHIN_S = 5.0


@dataclass(frozen=True)
class NoTokens:
    """Know no token."""

    async def read(self, token: str, now: datetime) -> Principal:
        del token, now
        raise Unauthenticated


@pytest.fixture
async def door(pools: Pools) -> AsyncIterator[Authenticator]:
    opened = Authenticator(pools, SystemClock(), NoTokens())
    watching = asyncio.create_task(opened.run())
    yield opened
    watching.cancel()


def now() -> datetime:
    return utc_from_ns(SystemClock().now_ns())


async def seconds_until_refused(door: Authenticator, header: str) -> float:
    started = time.monotonic()
    async with asyncio.timeout(2 * WITHIN_S):
        await door.until_refused(header)
    return time.monotonic() - started


async def test_a_key_is_let_in_in_any_case_of_the_scheme(door: Authenticator, pools: Pools) -> None:
    headers = await key_headers(pools, Role.ANALYST)
    key = headers["Authorization"].removeprefix("Bearer ")
    for scheme in ("Bearer", "bearer", "BEARER"):
        principal = await door.authenticate(f"{scheme} {key}")
        assert (principal.org_id, principal.role) == (DEFAULT_ORG, Role.ANALYST)
    await door.note_used_keys()
    async with pools.read(DEFAULT_ORG) as conn:
        (listed,) = await api_keys.list_keys(conn, DEFAULT_ORG)
    assert listed.last_used_at is not None


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer x", "Basic {}", "Bearer{}", "Bearer {}x", "{}"],
)
async def test_everything_else_is_refused(
    door: Authenticator, pools: Pools, header: str | None
) -> None:
    key = (await key_headers(pools, Role.OWNER))["Authorization"].removeprefix("Bearer ")
    with pytest.raises(Unauthenticated):
        await door.authenticate(None if header is None else header.format(key))


async def test_a_well_formed_key_that_nobody_made_is_refused(door: Authenticator) -> None:
    with pytest.raises(Unauthenticated):
        await door.authenticate(f"Bearer {new_secret()}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(header=st.text(max_size=100) | st.just("Bearer " + "x" * 1_000_000))
async def test_no_header_breaks_the_door(door: Authenticator, header: str) -> None:
    with pytest.raises(Unauthenticated):
        await door.authenticate(header)


async def key_until(pools: Pools, moment: datetime) -> str:
    """Make a key that ends at a moment, and return the header that sends it."""
    secret = new_secret()
    new = api_keys.NewKey(
        org_id=DEFAULT_ORG, name="short", role=Role.OWNER, created_by="", expires_at=moment
    )
    async with pools.system() as conn:
        await api_keys.create(conn, new, secret, now())
    return f"Bearer {secret}"


async def test_a_key_ends_at_its_moment(door: Authenticator, pools: Pools) -> None:
    header = await key_until(pools, now() + timedelta(seconds=1))
    await door.authenticate(header)
    assert await seconds_until_refused(door, header) < WITHIN_S
    with pytest.raises(Unauthenticated):
        await door.authenticate(header)


@pytest.mark.parametrize("reason", ["revoked", "disabled", "removed", "role"])
async def test_a_key_that_lost_its_ground_stops_within_five_seconds(
    door: Authenticator, pools: Pools, reason: str, tell: Callable[[str], None]
) -> None:
    async with pools.system() as conn:
        await add_user(conn, "other@example.com", Role.OWNER)
        user = await add_user(conn, "one@example.com", Role.OWNER)
    header = (await key_headers(pools, Role.OWNER, user_id=user))["Authorization"]
    assert (await door.authenticate(header)).may(Permission.ORGANISATION_MANAGE)
    waiting = asyncio.create_task(seconds_until_refused(door, header))
    async with pools.system() as conn:
        match reason:
            case "revoked":
                (key,) = await api_keys.list_keys(conn, DEFAULT_ORG, user)
                await api_keys.revoke(conn, DEFAULT_ORG, key.key_id, now())
            case "disabled":
                await conn.execute("UPDATE users SET disabled_at = now() WHERE user_id = $1", user)
            case "removed":
                await memberships.remove(conn, DEFAULT_ORG, user, now())
            case _:
                await memberships.change_role(conn, DEFAULT_ORG, user, Role.READ_ONLY, now())
    elapsed_s = await waiting
    tell(f"a key ({reason}) stopped {elapsed_s:.1f} s after")
    assert elapsed_s < WITHIN_S
    if reason == "role":
        assert not (await door.authenticate(header)).may(Permission.ORGANISATION_MANAGE)
    else:
        with pytest.raises(Unauthenticated):
            await door.authenticate(header)


async def test_what_is_open_ends_at_its_moment_although_the_database_is_away(
    pools: Pools, database: "Database", monkeypatch: pytest.MonkeyPatch
) -> None:
    header = await key_until(pools, now() + timedelta(seconds=2))
    lost = await open_pools(database.urls)
    door = Authenticator(lost, SystemClock(), NoTokens())
    await door.authenticate(header)
    waiting = asyncio.create_task(seconds_until_refused(door, header))
    await asyncio.sleep(0)
    await lost.close()
    monkeypatch.setattr(module, "STALE_S", 0.1)
    assert await waiting < WITHIN_S


async def test_nobody_is_let_in_while_revocations_cannot_be_read(
    pools: Pools, database: "Database"
) -> None:
    header = (await key_headers(pools, Role.OWNER))["Authorization"]
    lost = await open_pools(database.urls)
    await lost.close()
    door = Authenticator(lost, SystemClock(), NoTokens())
    for _ in range(2):
        with pytest.raises(SourceUnavailable):
            await door.authenticate(header)


async def test_a_process_that_was_too_busy_to_read_reads_before_it_lets_in(
    pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALE_S", 0.05)
    header = (await key_headers(pools, Role.OWNER))["Authorization"]
    door = Authenticator(pools, SystemClock(), NoTokens())
    for _ in range(2):
        assert (await door.authenticate(header)).role is Role.OWNER
        time.sleep(0.1)  # noqa: ASYNC251 - the loop is to be busy
