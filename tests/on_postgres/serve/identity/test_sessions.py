"""Check how long a session is good, and what ends with it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from core.errors import SignInNeeded
from core.identity import Role
from core.runs import DEFAULT_ORG
from serve.identity import sessions
from storage.identity import endings, memberships, revocations, sign_in_links, users
from storage.identity import sessions as stored
from storage.identity.sessions import ABSOLUTE, IDLE, Session
from storage.pool import Pools, WriteConn
from tests.identities import NOW, add_user

pytestmark = pytest.mark.postgres


async def begin(conn: WriteConn, user_id: UUID) -> tuple[Session, str]:
    return await sessions.start(
        conn, user_id, DEFAULT_ORG, ("password",), "192.0.2.1", "browser", NOW
    )


async def add_family(conn: WriteConn, session: Session) -> UUID:
    family_id = uuid4()
    await conn.execute(
        "INSERT INTO token_families VALUES ($1, 'heliostat-web', $2, $3, $4, '{}', $5, $6)",
        family_id,
        session.user_id,
        session.org_id,
        session.session_id,
        NOW,
        NOW + ABSOLUTE,
    )
    return family_id


async def revoked_families(conn: WriteConn) -> dict[UUID, str]:
    rows = await conn.fetch(
        "SELECT family_id, reason FROM token_families WHERE revoked_at IS NOT NULL"
    )
    return {row["family_id"]: row["reason"] for row in rows}


async def test_a_cookie_is_good_while_it_is_used(pools: Pools) -> None:
    async with pools.system() as conn:
        user_id = await add_user(conn, "a@example.com", Role.ANALYST)
        session, cookie = await begin(conn, user_id)
        stored_text = await conn.fetchval("SELECT sessions::text FROM sessions")
        assert cookie not in stored_text
        moment = NOW
        while moment + IDLE < NOW + ABSOLUTE:
            moment += IDLE - timedelta(seconds=1)
            found = await sessions.read(conn, cookie, moment)
            assert found.session_id == session.session_id
        with pytest.raises(SignInNeeded):
            await sessions.read(conn, cookie, NOW + ABSOLUTE)
        with pytest.raises(SignInNeeded):
            await sessions.read(conn, cookie, moment + IDLE)
        for wrong in (None, "", cookie + "x", "x" * 4096):
            with pytest.raises(SignInNeeded):
                await sessions.read(conn, wrong, moment)


async def test_an_ended_session_takes_its_tokens_along(pools: Pools) -> None:
    async with pools.system() as conn:
        user_id = await add_user(conn, "a@example.com", Role.ANALYST)
        session, cookie = await begin(conn, user_id)
        other, other_cookie = await begin(conn, user_id)
        family_id = await add_family(conn, session)
        await add_family(conn, other)
        assert await sessions.end(conn, session.session_id, NOW)
        assert not await sessions.end(conn, session.session_id, NOW)
        with pytest.raises(SignInNeeded):
            await sessions.read(conn, cookie, NOW)
        assert await revoked_families(conn) == {family_id: "signed-out"}
        (revoked,) = await revocations.since(conn, NOW)
        assert (revoked.kind, revoked.subject) == ("session", str(session.session_id))
        assert await stored.of_user(conn, user_id, NOW) == [other]
        assert await sessions.read(conn, other_cookie, NOW) == other


async def test_all_of_a_user_ends_but_for_the_session_to_keep(pools: Pools) -> None:
    async with pools.system() as conn:
        user_id = await add_user(conn, "a@example.com", Role.ANALYST)
        bystander = await add_user(conn, "b@example.com", Role.ANALYST)
        kept, cookie = await begin(conn, user_id)
        ended, ended_cookie = await begin(conn, user_id)
        _, others_cookie = await begin(conn, bystander)
        families = {await add_family(conn, kept), await add_family(conn, ended)}
        link = await sign_in_links.create(conn, user_id, NOW, 60)
        found = await endings.end_all(conn, user_id, NOW, "password", keep=kept.session_id)
        assert found == [ended.session_id]
        assert set(await revoked_families(conn)) == families
        assert await sign_in_links.peek(conn, link, NOW) is None
        assert await sessions.read(conn, cookie, NOW) == kept
        with pytest.raises(SignInNeeded):
            await sessions.read(conn, ended_cookie, NOW)
        await sessions.read(conn, others_cookie, NOW)


async def test_stopped_users_and_former_members_are_signed_out(pools: Pools) -> None:
    async with pools.system() as conn:
        await add_user(conn, "o@example.com", Role.OWNER)
        stopped = await add_user(conn, "a@example.com", Role.ANALYST)
        former = await add_user(conn, "b@example.com", Role.ANALYST)
        _, stopped_cookie = await begin(conn, stopped)
        _, former_cookie = await begin(conn, former)
        await users.disable(conn, stopped, NOW)
        await memberships.remove(conn, DEFAULT_ORG, former, NOW)
        for cookie in (stopped_cookie, former_cookie):
            with pytest.raises(SignInNeeded):
                await sessions.read(conn, cookie, NOW)


@pytest.mark.parametrize(
    ("origin", "name"),
    [("https://a.example", "__Host-heliostat"), ("http://localhost:8000", "heliostat")],
)
def test_only_tls_has_host_cookies(origin: str, name: str) -> None:
    assert sessions.cookie_name(origin) == name
