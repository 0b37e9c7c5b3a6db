"""Check that an organisation keeps an owner, and what a change of role or an end of one stops."""

import asyncio
from datetime import timedelta

import pytest

from core.api_keys import new_secret
from core.errors import LastOwner, NotFound
from core.identity import Role
from core.runs import DEFAULT_ORG
from storage.identity import api_keys, memberships, revocations
from storage.pool import Pools
from tests.identities import NOW, OTHER_ORG, add_user

pytestmark = pytest.mark.postgres


async def test_members_are_listed_with_their_roles(pools: Pools) -> None:
    async with pools.system() as conn:
        owner = await add_user(conn, "o@example.com", Role.OWNER)
        reader = await add_user(conn, "r@example.com", Role.READ_ONLY)
        await add_user(conn, "x@example.com", Role.OWNER, OTHER_ORG)
        listed = await memberships.members(conn, DEFAULT_ORG)
        assert [(one.user_id, one.role) for one in listed] == [
            (owner, Role.OWNER),
            (reader, Role.READ_ONLY),
        ]
        (only,) = await memberships.of_user(conn, reader)
        assert (only.org_id, only.name) == (DEFAULT_ORG, "default")


async def test_another_role_stops_tokens_of_the_former(pools: Pools) -> None:
    async with pools.system() as conn:
        user = await add_user(conn, "r@example.com", Role.READ_ONLY)
        await memberships.change_role(conn, DEFAULT_ORG, user, Role.READ_ONLY, NOW)
        assert await revocations.since(conn, NOW) == []
        former = await memberships.change_role(conn, DEFAULT_ORG, user, Role.ADMIN, NOW)
        assert former is Role.READ_ONLY
        (revoked,) = await revocations.since(conn, NOW)
        assert (revoked.kind, revoked.subject) == ("member", f"{DEFAULT_ORG}:{user}")
        assert await revocations.since(conn, NOW + timedelta(seconds=1)) == []
        with pytest.raises(NotFound):
            await memberships.change_role(conn, OTHER_ORG, user, Role.ADMIN, NOW)


async def test_a_removed_member_leaves_no_key_that_works(pools: Pools) -> None:
    async with pools.system() as conn:
        user = await add_user(conn, "r@example.com", Role.ANALYST)
        new = api_keys.NewKey(
            org_id=DEFAULT_ORG, name="k", role=Role.ANALYST, created_by="", user_id=user
        )
        record = await api_keys.create(conn, new, new_secret(), NOW)
        await memberships.remove(conn, DEFAULT_ORG, user, NOW)
        assert (await api_keys.read(conn, DEFAULT_ORG, record.key_id)).revoked_at == NOW
        assert await memberships.role_of(conn, DEFAULT_ORG, user) is None


async def test_two_owners_who_leave_at_once_leave_one(pools: Pools) -> None:
    async with pools.system() as conn:
        owners = [await add_user(conn, f"{n}@example.com", Role.OWNER) for n in range(2)]

    async def leave(number: int) -> bool:
        try:
            async with pools.system() as conn:
                await memberships.remove(conn, DEFAULT_ORG, owners[number], NOW)
        except LastOwner:
            return False
        return True

    assert sorted(await asyncio.gather(leave(0), leave(1))) == [False, True]


async def test_an_owner_who_cannot_sign_in_does_not_count(pools: Pools) -> None:
    async with pools.system() as conn:
        owners = [await add_user(conn, f"{n}@example.com", Role.OWNER) for n in range(2)]
        await conn.execute("UPDATE users SET disabled_at = $1 WHERE user_id = $2", NOW, owners[0])
        with pytest.raises(LastOwner):
            await memberships.change_role(conn, DEFAULT_ORG, owners[1], Role.ADMIN, NOW)
