"""Check what a stored key may do, and when it may do nothing any more."""

from datetime import timedelta
from uuid import UUID

import pytest

from core.api_keys import digest_of, new_secret
from core.errors import NotFound
from core.identity import Permission, Role, permissions_of
from core.runs import DEFAULT_ORG
from storage.identity import api_keys, memberships
from storage.pool import Pools
from tests.identities import NOW, OTHER_ORG, add_user

pytestmark = pytest.mark.postgres


def new_key(
    role: Role = Role.ANALYST, scopes: tuple[str, ...] = (), user_id: UUID | None = None
) -> api_keys.NewKey:
    return api_keys.NewKey(
        org_id=DEFAULT_ORG,
        name="desk",
        role=role,
        created_by="system:tests",
        scopes=scopes,
        user_id=user_id,
    )


async def test_a_key_is_kept_as_a_digest_and_speaks_for_its_organisation(pools: Pools) -> None:
    async with pools.system() as conn:
        secret = new_secret()
        record = await api_keys.create(conn, new_key(scopes=("runs:read",)), secret, NOW)
        principal = await api_keys.principal_of(conn, digest_of(secret))
        rows = await conn.fetch("SELECT api_keys::text FROM api_keys")
    assert record.prefix == secret[:12]
    assert secret not in rows[0][0]
    assert principal is not None
    assert (principal.org_id, principal.actor) == (DEFAULT_ORG, f"key:{record.key_id}")
    assert principal.permissions == {Permission.RUNS_READ}


async def test_a_revoked_key_speaks_for_nobody(pools: Pools) -> None:
    async with pools.system() as conn:
        secret = new_secret()
        record = await api_keys.create(conn, new_key(), secret, NOW)
        assert await api_keys.revoke(conn, DEFAULT_ORG, record.key_id, NOW)
        assert not await api_keys.revoke(conn, DEFAULT_ORG, record.key_id, NOW)
        assert await api_keys.principal_of(conn, digest_of(secret)) is None
        with pytest.raises(NotFound):
            await api_keys.revoke(conn, OTHER_ORG, record.key_id, NOW)


async def test_a_members_key_may_do_what_both_it_and_the_member_may(pools: Pools) -> None:
    async with pools.system() as conn:
        user_id = await add_user(conn, "a@example.com", Role.ANALYST)
        secret = new_secret()
        await api_keys.create(conn, new_key(user_id=user_id), secret, NOW)
        await memberships.add(conn, DEFAULT_ORG, user_id, Role.READ_ONLY, NOW)
        await memberships.change_role(conn, DEFAULT_ORG, user_id, Role.BILLING, NOW)
        principal = await api_keys.principal_of(conn, digest_of(secret))
    assert principal is not None
    assert principal.permissions == permissions_of(Role.ANALYST) & permissions_of(Role.BILLING)


@pytest.mark.parametrize("column", ["disabled_at", "erased_at"])
async def test_a_key_of_a_user_who_is_gone_speaks_for_nobody(pools: Pools, column: str) -> None:
    async with pools.system() as conn:
        user_id = await add_user(conn, "a@example.com", Role.ANALYST)
        secret = new_secret()
        await api_keys.create(conn, new_key(user_id=user_id), secret, NOW)
        assert await api_keys.principal_of(conn, digest_of(secret)) is not None
        email = "NULL" if column == "erased_at" else "email"
        await conn.execute(f"UPDATE users SET {column} = $1, email = {email}", NOW)  # noqa: S608
        assert await api_keys.principal_of(conn, digest_of(secret)) is None


async def test_the_last_use_only_moves_forward(pools: Pools) -> None:
    async with pools.system() as conn:
        record = await api_keys.create(conn, new_key(), new_secret(), NOW)
        for moment in (NOW + timedelta(hours=1), NOW):
            await api_keys.touch(conn, {record.key_id: moment})
    async with pools.read(DEFAULT_ORG) as conn:
        (listed,) = await api_keys.list_keys(conn, DEFAULT_ORG)
    assert listed.last_used_at == NOW + timedelta(hours=1)
