"""Check who may enter a new stack, and that a second start changes nothing that is good."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cluster.local.front_door import MACHINE_KEY_NAME, Entrance, link_for, open_front_door
from core.api_keys import digest_of
from core.errors import NotFound
from core.identity import Role
from core.runs import DEFAULT_ORG
from storage.audit import trail
from storage.identity import api_keys, memberships, sign_in_links, users
from storage.pool import Pools

if TYPE_CHECKING:
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESS = "http://localhost:8700"
ORIGIN = "https://heliostat.example"


async def opened(database: "Database", file: Path, email: str = "Owner@Example.com") -> Entrance:
    return await open_front_door(database.urls, file, ADDRESS, ORIGIN, email, NOW)


async def enter(database: "Database", file: Path, email: str = "Owner@Example.com") -> str:
    return (await opened(database, file, email)).key


async def test_a_new_stack_gets_an_owner_and_a_key_in_a_private_file(
    database: "Database", pools: Pools, tmp_path: Path
) -> None:
    file = tmp_path / "client.json"
    key = await enter(database, file)
    assert json.loads(file.read_text()) == {"url": ADDRESS, "key": key}
    assert file.stat().st_mode & 0o777 == 0o600
    async with pools.system() as conn:
        principal = await api_keys.principal_of(conn, digest_of(key))
        (member,) = await memberships.members(conn, DEFAULT_ORG)
        user = await users.by_email(conn, "owner@example.com")
        actions = [one.action for one in await trail.page(conn, DEFAULT_ORG, limit=10)]
    assert principal is not None
    assert (principal.role, principal.user_id) == (Role.ADMIN, None)
    assert user is not None
    assert (member.user_id, member.role) == (user.user_id, Role.OWNER)
    assert actions == ["api_key.created", "sign_in_link.created", "member.added"]


async def test_a_second_start_keeps_what_is_good(
    database: "Database", pools: Pools, tmp_path: Path
) -> None:
    file = tmp_path / "client.json"
    first = await enter(database, file)
    assert await enter(database, file, "other@example.com") == first
    async with pools.system() as conn:
        assert len(await memberships.members(conn, DEFAULT_ORG)) == 1
        assert len(await api_keys.list_keys(conn, DEFAULT_ORG)) == 1


@pytest.mark.parametrize("kept", ["{}", "[]", "not json", '{"key": 7}', '{"key": "hs_old"}'])
async def test_a_file_without_a_good_key_gets_one(
    database: "Database", pools: Pools, tmp_path: Path, kept: str
) -> None:
    file = tmp_path / "client.json"
    file.write_text(kept)
    key = await enter(database, file)
    async with pools.system() as conn:
        assert await api_keys.principal_of(conn, digest_of(key)) is not None


async def test_a_revoked_key_is_replaced(
    database: "Database", pools: Pools, tmp_path: Path
) -> None:
    file = tmp_path / "client.json"
    first = await enter(database, file)
    async with pools.system() as conn:
        (record,) = await api_keys.list_keys(conn, DEFAULT_ORG)
        await api_keys.revoke(conn, DEFAULT_ORG, record.key_id, NOW)
    assert record.name == MACHINE_KEY_NAME
    assert await enter(database, file) != first


async def test_a_link_lets_the_owner_in_until_there_is_a_password(
    database: "Database", pools: Pools, tmp_path: Path
) -> None:
    file = tmp_path / "client.json"
    links = [(await opened(database, file)).sign_in_link for _ in range(2)]
    assert all(link is not None and link.startswith(f"{ORIGIN}/sign-in/link#") for link in links)
    assert len(set(links)) == 2
    async with pools.system() as conn:
        (member,) = await memberships.members(conn, DEFAULT_ORG)
        await users.set_password(conn, member.user_id, "hash", NOW, stands_alone=True)
    assert (await opened(database, file)).sign_in_link is None


async def test_who_lost_every_way_gets_a_link_that_the_trail_tells_of(pools: Pools) -> None:
    async with pools.system() as conn:
        user = await users.create(conn, "ada@example.com", "Ada", NOW)
        await memberships.add(conn, DEFAULT_ORG, user.user_id, Role.ANALYST, NOW)
    link = await link_for(pools, "Ada@Example.com", ORIGIN, NOW)
    token = link.removeprefix(f"{ORIGIN}/sign-in/link#")
    async with pools.system() as conn:
        assert await sign_in_links.peek(conn, token, NOW) == user.user_id
        (entry,) = await trail.page(conn, DEFAULT_ORG, limit=1)
        await users.disable(conn, user.user_id, NOW)
    assert (entry.action, entry.target) == ("sign_in_link.created", str(user.user_id))
    for email in ("ada@example.com", "nobody@example.com"):
        with pytest.raises(NotFound):
            await link_for(pools, email, ORIGIN, NOW)
