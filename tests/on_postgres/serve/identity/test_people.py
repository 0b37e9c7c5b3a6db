"""Check that ending people and renewing their tokens wait for each other in one order."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from core.identity import Principal, Role, permissions_of
from core.runs import DEFAULT_ORG
from serve.identity import people
from serve.identity.sign_in import Visitor, let_in
from storage.identity import token_families, users
from storage.pool import Pools, WriteConn
from tests.identities import NOW, add_user

pytestmark = pytest.mark.postgres

Act = Callable[[WriteConn, Principal, UUID], Awaitable[None]]


async def disable(conn: WriteConn, admin: Principal, user_id: UUID) -> None:
    await people.disable(conn, admin, user_id, NOW)


async def erase(conn: WriteConn, admin: Principal, user_id: UUID) -> None:
    await people.erase(conn, admin, user_id, NOW)


async def remove(conn: WriteConn, admin: Principal, user_id: UUID) -> None:
    await people.remove(conn, admin, user_id, NOW)


async def until_it_waits(conn: WriteConn, ending: "asyncio.Task[None]") -> None:
    """Wait until an ending waits for a transaction, or is over: what it did needed no wait."""
    async with asyncio.timeout(20):
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not ending.done() and not await conn.fetchval(waits):  # noqa: ASYNC110 - no event there
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("act", [disable, erase, remove])
async def test_whoever_ends_a_person_waits_for_a_renewal_and_holds_up_none(
    pools: Pools, act: Act
) -> None:
    async with pools.system() as conn:
        admin_id = await add_user(conn, "olga@example.com", Role.OWNER)
        user_id = await add_user(conn, "ada@example.com", Role.OWNER)
        user = await users.read(conn, user_id)
        visitor = Visitor(address="192.0.2.1", user_agent="browser")
        session = (await let_in(conn, user, ("password", "totp"), visitor, NOW)).session
    admin = Principal(
        org_id=DEFAULT_ORG,
        actor=f"user:{admin_id}",
        role=Role.OWNER,
        permissions=permissions_of(Role.OWNER),
        user_id=admin_id,
        authenticated_at=NOW,
        methods=("password", "totp"),
    )

    async def ended() -> None:
        async with pools.system() as conn:
            await act(conn, admin, user_id)

    async with pools.system() as renewing:
        await renewing.execute("SET LOCAL lock_timeout = '2s'")
        # as far as a renewal is after its first row
        await renewing.execute("SELECT FROM users WHERE user_id = $1 FOR SHARE", user_id)
        ending = asyncio.create_task(ended())
        await until_it_waits(renewing, ending)
        await token_families.holder(renewing, session.session_id, NOW)
    await ending
    async with pools.system() as conn:
        assert await token_families.holder(conn, session.session_id, NOW) is None
