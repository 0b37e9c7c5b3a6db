"""Change members, invite people and keep keys over HTTP, as the people who may and may not."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from core.clock import utc_from_ns
from core.identity import Role
from core.runs import DEFAULT_ORG
from serve.identity.invitations import accept
from storage.audit import trail
from storage.audit.chain import GENESIS, follows
from storage.identity import memberships
from tests.identities import OTHER_ORG, add_user
from tests.on_postgres.serve.signed_in import begin_session, token_headers

if TYPE_CHECKING:
    from serve.services import Services

pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class Person:
    user_id: UUID
    headers: dict[str, str]


@dataclass(frozen=True)
class Office:
    """Hold an organisation's people and the API that they call."""

    services: "Services"
    http: httpx.AsyncClient

    async def join(self, role: Role, name: str = "ada", org_id: UUID = DEFAULT_ORG) -> Person:
        async with self.services.pools.system() as conn:
            user_id = await add_user(conn, f"{name}@example.com", role, org_id)
        session = await begin_session(self.services, user_id, org_id=org_id)
        return Person(user_id, await token_headers(self.services, session, role))

    async def ask(
        self, person: Person, method: str, path: str, body: Any = None
    ) -> tuple[int, Any]:
        answer = await self.http.request(method, f"/v1{path}", json=body, headers=person.headers)
        return answer.status_code, answer.json() if answer.content else None

    async def refused(self, person: Person, method: str, path: str, body: Any = None) -> str:
        status, problem = await self.ask(person, method, path, body)
        assert status >= 400, problem
        return str(problem["type"]).rpartition("/")[2]


@pytest.fixture
def office(services: "Services", client: httpx.AsyncClient) -> Office:
    return Office(services, client)


async def test_addresses_are_masked_for_who_does_not_manage_members(office: Office) -> None:
    owner = await office.join(Role.OWNER, "olga")
    reader = await office.join(Role.READ_ONLY, "rita")
    _, seen = await office.ask(owner, "GET", "/members")
    assert [one["email"] for one in seen["items"]] == ["olga@example.com", "rita@example.com"]
    _, seen = await office.ask(reader, "GET", "/members")
    assert [one["email"] for one in seen["items"]] == ["o…@example.com", "rita@example.com"]


async def test_admins_appoint_all_but_owners(office: Office) -> None:
    owner = await office.join(Role.OWNER, "olga")
    admin = await office.join(Role.ADMIN, "anna")
    member = await office.join(Role.ANALYST, "max")
    path = f"/members/{member.user_id}"
    status, told = await office.ask(admin, "PATCH", path, {"role": "operator"})
    assert (status, told["role"]) == (200, "operator")
    assert await office.refused(admin, "PATCH", path, {"role": "owner"}) == "forbidden"
    at_owner = f"/members/{owner.user_id}"
    assert await office.refused(admin, "PATCH", at_owner, {"role": "admin"}) == "forbidden"
    assert await office.refused(owner, "PATCH", at_owner, {"role": "admin"}) == "last-owner"
    assert (await office.ask(owner, "PATCH", path, {"role": "owner"}))[0] == 200
    assert (await office.ask(owner, "PATCH", at_owner, {"role": "admin"}))[0] == 200


async def test_a_removed_member_is_none_and_keeps_the_account(office: Office) -> None:
    owner = await office.join(Role.OWNER, "olga")
    member = await office.join(Role.ANALYST, "max")
    path = f"/members/{member.user_id}"
    assert (await office.ask(owner, "DELETE", path))[0] == 204
    assert await office.refused(owner, "GET", path) == "not-found"
    async with office.services.pools.system() as conn:
        assert await memberships.role_of(conn, DEFAULT_ORG, member.user_id) is None
        assert await conn.fetchval("SELECT count(*) FROM users") == 2


async def test_only_who_administers_a_person_everywhere_disables(office: Office) -> None:
    owner = await office.join(Role.OWNER, "olga")
    member = await office.join(Role.ANALYST, "max")
    path = f"/members/{member.user_id}"
    status, told = await office.ask(owner, "POST", f"{path}/disable")
    assert (status, told["disabled_at"] is not None) == (200, True)
    status, told = await office.ask(owner, "POST", f"{path}/enable")
    assert (status, told["disabled_at"]) == (200, None)
    now = utc_from_ns(office.services.clock.now_ns())
    await office.join(Role.OWNER, "other", OTHER_ORG)
    async with office.services.pools.system() as conn:
        await memberships.add(conn, OTHER_ORG, member.user_id, Role.ANALYST, now)
    assert await office.refused(owner, "POST", f"{path}/disable") == "member-elsewhere"
    assert await office.refused(owner, "DELETE", f"/personal-data/{member.user_id}") == (
        "member-elsewhere"
    )


async def test_an_invitation_is_told_once_and_lets_in_once(office: Office) -> None:
    owner = await office.join(Role.OWNER, "olga")
    asked = {"email": "New@Example.com", "role": "researcher"}
    status, made = await office.ask(owner, "POST", "/invitations", asked)
    assert status == 201
    token = made["link"].partition("#")[2]
    assert made["link"].startswith(f"{office.services.config.origin}/invitations#")
    assert await office.refused(owner, "POST", "/invitations", asked) == "invitation-open"
    _, listed = await office.ask(owner, "GET", "/invitations")
    assert token not in str(listed)
    now = utc_from_ns(office.services.clock.now_ns())
    async with office.services.pools.system() as conn:
        accepted = await accept(conn, token, now)
        assert (accepted.role, accepted.is_new) == (Role.RESEARCHER, True)
    with pytest.raises(Exception, match="does not exist"):
        async with office.services.pools.system() as conn:
            await accept(conn, token, now)


async def test_a_withdrawn_invitation_and_an_old_one_let_nobody_in(office: Office) -> None:
    owner = await office.join(Role.OWNER, "olga")
    now = utc_from_ns(office.services.clock.now_ns())
    for age, withdraw in ((timedelta(), True), (timedelta(days=8), False)):
        asked = {"email": f"{age.days}@example.com", "role": "analyst"}
        _, made = await office.ask(owner, "POST", "/invitations", asked)
        if withdraw:
            path = f"/invitations/{made['invitation_id']}"
            assert (await office.ask(owner, "DELETE", path))[0] == 204
        with pytest.raises(Exception, match="does not exist"):
            async with office.services.pools.system() as conn:
                await accept(conn, made["link"].partition("#")[2], now + age)


async def test_a_key_may_do_nothing_that_its_maker_may_not(office: Office) -> None:
    analyst = await office.join(Role.ANALYST, "max")
    status, made = await office.ask(analyst, "POST", "/keys", {"name": "nightly"})
    assert (status, made["role"], made["kind"]) == (201, "analyst", "own")
    headers = {"Authorization": f"Bearer {made['secret']}"}
    with_key = Person(analyst.user_id, headers)
    assert (await office.ask(with_key, "GET", "/products"))[0] == 200
    asked = {"name": "more", "role": "owner"}
    assert await office.refused(analyst, "POST", "/keys", asked) == "forbidden"
    machine = {"name": "machine", "kind": "machine", "role": "operator"}
    assert await office.refused(analyst, "POST", "/keys", machine) == "forbidden"
    assert await office.refused(with_key, "POST", "/keys", {"name": "next"}) == "person-needed"
    _, listed = await office.ask(analyst, "GET", "/keys")
    assert [one["prefix"] for one in listed["items"]] == [f"{made['secret'][:12]}…"]
    assert made["secret"] not in str(listed)
    other = await office.join(Role.RESEARCHER, "rita")
    path = f"/keys/{made['key_id']}"
    assert await office.refused(other, "DELETE", path) == "not-found"
    assert (await office.ask(analyst, "DELETE", path))[0] == 204


async def test_erasing_a_person_leaves_the_trail_whole_and_no_trace_of_the_person(
    office: Office,
) -> None:
    await office.join(Role.OWNER, "olga")
    member = await office.join(Role.ANALYST, "max")
    assert (await office.ask(member, "POST", "/keys", {"name": "nightly"}))[0] == 201
    status, told = await office.ask(member, "GET", "/account/personal-data")
    assert (status, told["user"]["email"]) == (200, "max@example.com")
    assert len(told["sessions"]) == len(told["api_keys"]) == len(told["memberships"]) == 1
    assert (await office.ask(member, "DELETE", "/account/personal-data"))[0] == 204
    async with office.services.pools.system() as conn:
        for (table,) in await conn.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "AND relkind = 'r' AND NOT relispartition AND relname <> 'schema_migrations'"
        ):
            rows = await conn.fetch(f"SELECT t::text FROM {table} AS t")  # noqa: S608 - our names
            assert (table, [row[0] for row in rows if "max" in row[0]]) == (table, [])
        entries = (await trail.page(conn, DEFAULT_ORG, limit=100))[::-1]
    previous = GENESIS
    for position, entry in enumerate(entries, 1):
        assert follows(entry, position, previous)
        previous = entry.digest
    assert entries[-1].action == "person.erased"


async def test_the_last_owner_cannot_be_erased(office: Office) -> None:
    owner = await office.join(Role.OWNER, "olga")
    assert await office.refused(owner, "DELETE", "/account/personal-data") == "last-owner"
