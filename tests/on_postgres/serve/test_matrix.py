"""Call every operation as every role, without credentials, and on another organisation's objects.

The operations are those of both OpenAPI documents; who may call them is written out by hand in
`allowed_operations.py`, so that a wrong declaration is a difference and not the truth.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import pytest

from core.api_keys import new_secret
from core.identity import Permission, Role, permissions_of
from core.runs import DEFAULT_ORG
from serve.api import create_api
from serve.streams import create_streams
from storage.identity import api_keys, oauth_clients
from storage.identity.oauth_clients import StoredClient
from tests.identities import NOW, OTHER_ORG, add_user, key_headers
from tests.on_postgres.serve.allowed_operations import ALLOWED, DANGEROUS
from tests.on_postgres.serve.conftest import held
from tests.on_postgres.serve.signed_in import begin_session, token_headers
from tests.on_postgres.serve.test_books import BOOK, CSV
from tests.on_postgres.serve.test_run_submission import prices, submit

if TYPE_CHECKING:
    from serve.services import Services

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

PLAIN = {"code": "CL", "venue": "nowhere", "name": "crack"}
OBJECTS = (
    "run_id",
    "webhook_id",
    "key_id",
    "user_id",
    "invitation_id",
    "session_id",
    "client_id",
)
NOBODY = {**PLAIN, **dict.fromkeys(OBJECTS, str(UUID(int=7)))}
TENANT_TABLES = (
    "books",
    "book_versions",
    "runs",
    "webhook_endpoints",
    "api_keys",
    "memberships",
    "invitations",
    "oauth_clients",
)
REFUSALS = {"unauthenticated", "forbidden", "person-needed", "step-up-required"}
GOOD_BODIES: dict[tuple[str, str], bytes] = {
    ("PUT", "{name}"): json.dumps({key: BOOK[key] for key in BOOK if key != "name"}).encode(),
    ("POST", "import"): CSV.encode(),
    ("POST", "explain"): b'{"since":"2024-01-02"}',
    ("PATCH", "{user_id}"): b'{"role":"operator"}',
}
"""Hold what an operation on one object takes where an empty body would be refused before it."""


@dataclass(frozen=True)
class Declared:
    """Hold what an OpenAPI document says of an operation."""

    permissions: frozenset[Permission]
    is_dangerous: bool


@dataclass(frozen=True)
class Doors:
    """Hold a client of the API in this process, and one of streams, which do not end, by TCP."""

    api: httpx.AsyncClient
    streams: httpx.AsyncClient

    def of(self, path: str) -> httpx.AsyncClient:
        return self.streams if path.startswith("/v1/streams/") else self.api


def operations(services: "Services") -> dict[tuple[str, str], Declared]:
    """Return what both applications declare of each operation."""

    async def opened() -> "Services":
        return services

    found: dict[tuple[str, str], Declared] = {}
    for app, prefix in (
        (create_api(services.config, opened), ""),
        (create_streams(services.config, opened), "/v1/streams"),
    ):
        for path, item in app.openapi()["paths"].items():
            for method, operation in item.items():
                permissions = frozenset(map(Permission, operation["x-permissions"]))
                declared = Declared(permissions, operation["x-step-up"])
                found[method.upper(), prefix + path] = declared
    return found


def filled(path: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: values[name[1]], path)


async def answer_of(
    http: Doors,
    operation: tuple[str, str],
    headers: Mapping[str, str],
    values: Mapping[str, str] = NOBODY,
) -> tuple[int, str]:
    """Call an operation and return the status and code of its answer; streams are not read."""
    method, path = operation
    body = GOOD_BODIES.get((method, path.rsplit("/", 1)[-1]), b"{}")
    content = None if method in {"GET", "DELETE"} else body
    sent = {"Content-Type": "application/json", "If-Match": '"1"', **headers}
    door, asked = http.of(path), filled(path, values)
    async with door.stream(method, asked, content=content, headers=sent) as answer:
        if answer.is_success or answer.is_redirect:
            return answer.status_code, ""
        await answer.aread()
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer.status_code, answer.json()["type"].rpartition("/")[2]


@pytest.fixture
async def http(services: "Services", url: str) -> AsyncIterator[Doors]:

    async def opened() -> "Services":
        return services

    here = httpx.ASGITransport(held(create_api(services.config, opened), services))
    async with (
        httpx.AsyncClient(base_url=services.config.origin, transport=here) as api,
        httpx.AsyncClient(base_url=url, timeout=60) as streams,
    ):
        yield Doors(api, streams)


@pytest.fixture
async def people(services: "Services") -> dict[Role, dict[str, str]]:
    """Sign in one member of each role by a second factor; return the headers of each."""
    found = {}
    async with services.pools.system() as conn:
        users = {role: await add_user(conn, f"{role}@example.com", role) for role in Role}
    for role, user_id in users.items():
        session = await begin_session(services, user_id)
        found[role] = await token_headers(services, session, role)
    return found


@pytest.fixture
async def objects(client: httpx.AsyncClient, services: "Services") -> dict[str, str]:
    """Make one object of each kind in the default organisation, and return what names them."""
    await client.post("/v1/settlements/imports", params={"name": "test"}, content=prices())
    run = await submit(client)
    hook = await client.post("/v1/webhooks", json={"url": "https://example.com/hook"})
    book = await client.post("/v1/books", json=BOOK)
    invited = {"email": "new@example.com", "role": "analyst"}
    made = StoredClient(
        org_id=DEFAULT_ORG,
        client_id="meter",
        name="Meter",
        redirect_uris=(),
        grants=(),
        scopes=(),
        role=None,
        created_by="",
        created_at=NOW,
    )
    invitation = await client.post("/v1/invitations", json=invited)
    for answer in (run, hook, book, invitation):
        assert answer.is_success, answer.text
    async with services.pools.system() as conn:
        await add_user(conn, "keeper@example.com", Role.OWNER)
        member = await add_user(conn, "member@example.com", Role.ANALYST)
        new = api_keys.NewKey(
            org_id=DEFAULT_ORG, name="k", role=Role.ANALYST, created_by="", user_id=member
        )
        key = await api_keys.create(conn, new, new_secret(), NOW)
        await oauth_clients.create(conn, made)
    session = await begin_session(services, member)
    return {
        "run_id": run.json()["run_id"],
        "webhook_id": hook.json()["webhook_id"],
        "invitation_id": invitation.json()["invitation_id"],
        "name": BOOK["name"],
        "user_id": str(member),
        "key_id": str(key.key_id),
        "session_id": str(session.session_id),
        "client_id": made.client_id,
    }


async def test_what_is_declared_is_what_was_decided(services: "Services") -> None:
    declared = operations(services)
    assert declared.keys() == ALLOWED.keys()
    for operation, found in declared.items():
        roles = {role.value for role in Role if permissions_of(role) >= found.permissions}
        expected = set(Role) if ALLOWED[operation] == "open" else set(ALLOWED[operation].split())
        assert (operation, roles) == (operation, expected)
        assert (operation, not found.permissions) == (operation, ALLOWED[operation] == "open")
        assert (operation, found.is_dangerous) == (operation, operation in DANGEROUS)


async def test_every_operation_lets_in_the_roles_that_it_declares(
    http: Doors, people: dict[Role, dict[str, str]], tell: Callable[[str], None]
) -> None:
    cells, wrong = 0, []
    last = ("DELETE", "/v1/account/personal-data")  # erases who asks
    for operation in sorted(ALLOWED, key=lambda one: one == last):
        words = ALLOWED[operation]
        allowed = set(words.split())
        for role, headers in people.items():
            status, code = await answer_of(http, operation, headers)
            cells += 1
            may = words == "open" or role.value in allowed
            if (code not in REFUSALS) != may or (status >= 500 and status != 503):
                wrong.append((operation, role.value, status, code))
        for headers in ({}, {"Authorization": f"Bearer {new_secret()}"}):
            _, code = await answer_of(http, operation, headers)
            cells += 1
            if (code == "unauthenticated") == (words == "open"):
                wrong.append((operation, "nobody", 0, code))
    assert wrong == []
    tell(f"operation x role: {cells} cells, all as declared")


async def test_dangerous_operations_refuse_who_did_not_prove_it_lately(
    services: "Services", http: Doors, tell: Callable[[str], None]
) -> None:
    async with services.pools.system() as conn:
        owner = await add_user(conn, "owner@example.com", Role.OWNER)  # the last: cannot be erased
    weak = await begin_session(services, owner, methods=("password",))
    strong = await begin_session(services, owner)
    old = replace(strong, authenticated_at=strong.authenticated_at - timedelta(minutes=11))
    callers = {
        "step-up-required": (weak, old),
        "": (strong,),
    }
    cells = 0
    for operation in DANGEROUS:
        for expected, sessions in callers.items():
            for session in sessions:
                headers = await token_headers(services, session, Role.OWNER)
                _, code = await answer_of(http, operation, headers)
                cells += 1
                assert (operation, code in REFUSALS and code) == (operation, expected or False)
        _, code = await answer_of(http, operation, await key_headers(services.pools, Role.OWNER))
        cells += 1
        assert (operation, code) == (operation, "person-needed")
    tell(f"dangerous operation x proof: {cells} cells, all as declared")


async def test_a_scope_takes_away_what_the_role_would_give(
    services: "Services", http: Doors, tell: Callable[[str], None]
) -> None:
    declared = operations(services)
    cells, wrong = 0, []
    for scope in Permission:
        headers = await key_headers(services.pools, Role.OWNER, scopes=(scope.value,))
        for operation, needed in declared.items():
            _, code = await answer_of(http, operation, headers)
            cells += 1
            if (code == "forbidden") == (needed.permissions <= {scope}):
                wrong.append((operation, scope.value, code))
    assert wrong == []
    tell(f"operation x scope: {cells} cells, all as declared")


async def test_another_organisations_objects_do_not_exist(
    services: "Services",
    http: Doors,
    objects: dict[str, str],
    tell: Callable[[str], None],
) -> None:
    async with services.pools.system() as conn:
        user_id = await add_user(conn, "stranger@example.com", Role.OWNER, OTHER_ORG)
    session = await begin_session(services, user_id, org_id=OTHER_ORG)
    stranger = await token_headers(services, session, Role.OWNER)
    before = await contents(services)
    cells, wrong = 0, []
    for operation in ALLOWED:
        if not names_an_object(operation[1]):
            continue
        status, code = await answer_of(http, operation, stranger, {**PLAIN, **objects})
        cells += 1
        if status != 404:
            wrong.append((operation, status, code))
    assert wrong == []
    assert await contents(services) == before
    tell(f"operation x foreign object: {cells} cells, none found and nothing changed")


def names_an_object(path: str) -> bool:
    return "/books/{name}" in path or any(f"{{{one}}}" in path for one in OBJECTS)


async def contents(services: "Services") -> dict[str, list[str]]:
    """Return what is kept of the default organisation, row by row."""
    found = {}
    async with services.pools.system() as conn:
        for table in TENANT_TABLES:
            query = f"SELECT t::text FROM {table} AS t WHERE org_id = $1"  # noqa: S608 - our names
            found[table] = sorted(row[0] for row in await conn.fetch(query, DEFAULT_ORG))
    return found


async def test_the_app_role_reads_nothing_of_another_organisation(
    services: "Services", objects: dict[str, str]
) -> None:
    assert objects
    async with services.pools.read(OTHER_ORG) as conn:
        for table in TENANT_TABLES:
            query = f"SELECT count(org_id) FROM {table} WHERE org_id <> $1"  # noqa: S608 - our names
            assert (table, await conn.fetchval(query, OTHER_ORG)) == (table, 0)
