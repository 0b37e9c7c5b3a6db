"""Be programs of others: one that acts for itself, one that acts for people, one that asks."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from joserfc.jws import extract_compact

from core.clock import ShiftedClock, utc_from_ns
from core.identity import Role
from core.runs import DEFAULT_ORG
from serve.api import create_api
from serve.identity.grants import authorization, clients
from serve.identity.grants.authorization import AuthorizationRequest
from serve.identity.keyring import SIGNS_FOR
from tests.identities import OTHER_ORG, add_user
from tests.on_postgres.serve.conftest import held
from tests.on_postgres.serve.pages.house import house_at
from tests.on_postgres.serve.signed_in import begin_session, token_headers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from serve.services import Services

pytestmark = pytest.mark.postgres

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
BACK = "https://program.example/back"


@dataclass
class Registry:
    """Hold a stack whose time can be shifted, and programs that were registered there."""

    services: "Services"
    clock: ShiftedClock
    http: httpx.AsyncClient

    async def register(
        self, name: str = "robot", org_id: "UUID" = DEFAULT_ORG, **body: Any
    ) -> tuple[str, str]:
        """Register a program as an owner; returns its id and its secret."""
        async with self.services.pools.system() as conn:
            user_id = await add_user(conn, f"owner-of-{name}@example.com", Role.OWNER, org_id)
        session = await begin_session(self.services, user_id, org_id=org_id)
        headers = await token_headers(self.services, session, Role.OWNER)
        asked = {"name": name, **(body or {"role": "analyst"})}
        answer = await self.http.post("/v1/oauth-clients", json=asked, headers=headers)
        assert answer.status_code == 201, answer.text
        told = answer.json()
        return told["client_id"], told["secret"]

    async def token(
        self, form: dict[str, str], basic: tuple[str, str] | None = None
    ) -> httpx.Response:
        return await self.post("/oauth/token", form, basic)

    async def post(
        self, path: str, form: dict[str, str], basic: tuple[str, str] | None = None
    ) -> httpx.Response:
        headers = {}
        if basic is not None:
            pair = ":".join(quote(one, safe="") for one in basic)
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        return await self.http.post(path, data=form, headers=headers)

    async def machine_token(self, program: tuple[str, str], **form: str) -> str:
        answer = await self.token({"grant_type": clients.MACHINE, **form}, program)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def tokens_of_a_person(self, program: tuple[str, str]) -> dict[str, Any]:
        """Let a program act for a person who said yes, and return its tokens."""
        async with self.services.pools.system() as conn:
            user_id = await add_user(conn, "ada@example.com", Role.ANALYST)
        session = await begin_session(self.services, user_id)
        origin = self.services.config.origin
        query = {
            "client_id": program[0],
            "redirect_uri": BACK,
            "response_type": "code",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        now = utc_from_ns(self.clock.now_ns())
        async with self.services.pools.system() as conn:
            client = await clients.find(conn, program[0], origin)
            request = authorization.read_request(list(query.items()), client, origin)
            assert isinstance(request, AuthorizationRequest)
            location = await authorization.approve(conn, request, session, origin, now)
        form = {
            "grant_type": clients.CODE,
            "code": parse_qs(urlsplit(location).query)["code"][0],
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        }
        answer = await self.token(form, program)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def speaks(self, token: str, path: str = "/v1/products") -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await self.http.get(path, headers=headers)).status_code


@pytest.fixture
async def registry(services: "Services") -> "AsyncIterator[Registry]":
    house = house_at(services, services.config.origin)

    async def opened() -> "Services":
        return house.services

    app = held(create_api(services.config, opened), house.services)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=services.config.origin
    ) as http:
        yield Registry(house.services, house.clock, http)


async def test_a_secret_comes_in_the_header_or_in_the_form_and_not_in_both(
    registry: Registry,
) -> None:
    program = await registry.register()
    form = {"grant_type": clients.MACHINE}
    posted = {**form, "client_id": program[0], "client_secret": program[1]}
    for given, basic in ((form, program), (posted, None)):
        answer = await registry.token(given, basic)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
        assert "refresh_token" not in told
        assert await registry.speaks(told["access_token"]) == 200
    both = await registry.token(posted, program)
    assert (both.status_code, both.json()["error"]) == (400, "invalid_request")


async def test_who_cannot_prove_which_program_it_is_gets_nothing(registry: Registry) -> None:
    client_id, secret = await registry.register()
    form = {"grant_type": clients.MACHINE}
    for basic in ((client_id, "wrong"), ("nobody", secret), (client_id, ""), (client_id, "\ud7ff")):
        answer = await registry.token(form, basic)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), basic
        assert answer.headers["www-authenticate"].startswith("Basic")
    only_id = await registry.token({**form, "client_id": client_id})
    assert only_id.status_code == 401
    other = await registry.token({**form, "client_id": "another"}, (client_id, secret))
    assert other.status_code == 401


async def test_a_program_gets_no_more_than_it_was_given(registry: Registry) -> None:
    program = await registry.register(role="analyst", scopes=["market:read"])
    token = await registry.machine_token(program)
    assert await registry.speaks(token) == 200
    assert await registry.speaks(token, "/v1/books") == 403
    more = await registry.token({"grant_type": clients.MACHINE, "scope": "books:read"}, program)
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")
    code = await registry.token({"grant_type": clients.CODE, "code": "x"}, program)
    assert (code.status_code, code.json()["error"]) == (400, "unauthorized_client")


async def test_a_program_ends_the_tokens_that_it_has_of_a_person(registry: Registry) -> None:
    program = await registry.register(redirect_uris=[BACK])
    other = await registry.register("other", redirect_uris=[BACK])
    tokens = await registry.tokens_of_a_person(program)
    renew = {"grant_type": clients.REFRESH, "refresh_token": tokens["refresh_token"]}

    stranger = await registry.post("/oauth/revoke", {"token": tokens["refresh_token"]}, other)
    assert stranger.status_code == 200
    assert await registry.speaks(tokens["access_token"]) == 200
    unknown = await registry.post("/oauth/revoke", {"token": "nothing of ours"}, program)
    assert unknown.status_code == 200

    ended = await registry.post("/oauth/revoke", {"token": tokens["access_token"]}, program)
    assert ended.status_code == 200, ended.text
    assert (await registry.token(renew, program)).json()["error"] == "invalid_grant"


async def test_a_token_that_nobody_granted_runs_out_by_itself(registry: Registry) -> None:
    program = await registry.register()
    token = await registry.machine_token(program)
    answer = await registry.post("/oauth/revoke", {"token": token}, program)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_token_type")


async def test_a_program_learns_what_a_token_of_its_organisation_is_good_for(
    registry: Registry,
) -> None:
    program = await registry.register(role="analyst", scopes=["market:read"])
    stranger = await registry.register("far", OTHER_ORG)
    token = await registry.machine_token(program)

    told = (await registry.post("/oauth/introspect", {"token": token}, program)).json()
    assert (told["active"], told["scope"], told["client_id"]) == (True, "market:read", program[0])
    assert told["exp"] - told["iat"] == 600
    for asker, asked in ((stranger, token), (program, token + "x"), (program, "nothing")):
        answer = await registry.post("/oauth/introspect", {"token": asked}, asker)
        assert (answer.status_code, answer.json()) == (200, {"active": False})
    registry.clock.offset_ns += 601 * 1_000_000_000
    late = await registry.post("/oauth/introspect", {"token": token}, program)
    assert late.json() == {"active": False}


async def test_who_keeps_no_secret_learns_nothing_of_tokens(registry: Registry) -> None:
    form = {"token": "x", "client_id": clients.WEB}
    answer = await registry.post("/oauth/introspect", form)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_new_keys_sign_nobody_out(registry: Registry) -> None:
    """Programs that read tokens by themselves know the next key before it signs."""
    program = await registry.register()
    await registry.machine_token(program)  # the first key signs from now on
    shift_to_just_before_the_next_key = SIGNS_FOR - timedelta(minutes=5)
    registry.clock.offset_ns += round(shift_to_just_before_the_next_key.total_seconds() * 1e9)
    old = await registry.machine_token(program)
    published = await kids(registry)
    registry.clock.offset_ns += 6 * 60 * 1_000_000_000
    new = await registry.machine_token(program)
    assert kid(old) != kid(new)
    assert {kid(old), kid(new)} <= published
    assert {kid(old), kid(new)} <= await kids(registry)
    for token in (old, new):
        assert await registry.speaks(token) == 200


def kid(token: str) -> str:
    return str(extract_compact(token.encode()).headers()["kid"])


async def kids(registry: Registry) -> set[str]:
    answer = await registry.http.get("/oauth/jwks")
    return {one["kid"] for one in answer.json()["keys"]}
