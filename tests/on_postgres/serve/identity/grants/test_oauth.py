"""Get tokens as clients do, and refuse what must be: each code and refresh token works once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uuid_utils.compat as uuid_utils

from core.clock import utc_from_ns
from core.errors import InvalidInput
from core.identity import Role
from core.runs import DEFAULT_ORG
from serve.identity.grants import authorization, clients, device
from serve.identity.grants.authorization import AuthorizationRequest
from serve.services import Services
from storage.identity.sessions import Session
from tests.identities import add_user
from tests.people import add_session

pytestmark = pytest.mark.postgres

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
TRIES = 100


@dataclass
class Browser:
    """Speak for one signed-in person, and for the client they use."""

    services: Services
    client: httpx.AsyncClient
    session: Session

    @property
    def origin(self) -> str:
        return self.services.config.origin

    def query(self, **changed: str) -> list[tuple[str, str]]:
        values = {
            "client_id": clients.WEB,
            "redirect_uri": f"{self.origin}/",
            "response_type": "code",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "s",
        }
        return list({**values, **changed}.items())

    async def code(self) -> str:
        web = clients.our_own(self.origin)[clients.WEB]
        request = authorization.read_request(self.query(), web, self.origin)
        assert isinstance(request, AuthorizationRequest)
        now = utc_from_ns(self.services.clock.now_ns())
        async with self.services.pools.system() as conn:
            location = await authorization.approve(conn, request, self.session, self.origin, now)
        values = parse_qs(urlsplit(location).query)
        assert (values["state"], values["iss"]) == (["s"], [self.origin])
        return values["code"][0]

    async def trade(self, code: str, **changed: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "client_id": clients.WEB,
            "code": code,
            "redirect_uri": f"{self.origin}/",
            "code_verifier": VERIFIER,
        }
        return await self.token({**form, **changed})

    async def renew(self, refresh_token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "client_id": clients.WEB}
        return await self.token({**form, "refresh_token": refresh_token})

    async def token(self, form: dict[str, str]) -> httpx.Response:
        return await self.client.post("/oauth/token", data=form)

    async def tokens(self) -> dict[str, Any]:
        answer = await self.trade(await self.code())
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def revoked(self) -> int:
        async with self.services.pools.system() as conn:
            statement = "SELECT count(*) FROM token_families WHERE revoked_at IS NOT NULL"
            count: int = await conn.fetchval(statement)
        return count


@pytest.fixture
async def browser(services: Services, client: httpx.AsyncClient) -> Browser:
    now = utc_from_ns(services.clock.now_ns())
    session_id = uuid_utils.uuid7()
    async with services.pools.system() as conn:
        user_id = await add_user(conn, "ada@example.com", Role.ANALYST)
        await add_session(conn, session_id, user_id, DEFAULT_ORG, now)
    session = Session(
        session_id=session_id,
        user_id=user_id,
        org_id=DEFAULT_ORG,
        methods=("password", "totp"),
        authenticated_at=now,
        created_at=now,
        last_seen_at=now,
        expires_at=now,
        address="192.0.2.7",
        user_agent="a browser",
    )
    client.headers.pop("authorization")
    return Browser(services, client, session)


def is_refused(answer: httpx.Response, error: str) -> bool:
    return answer.status_code == 400 and answer.json()["error"] == error


async def test_a_code_gives_tokens_that_let_in_and_are_renewed(browser: Browser) -> None:
    tokens = await browser.tokens()
    newer = await browser.renew(tokens["refresh_token"])
    assert newer.headers["cache-control"] == "no-store"
    bearer = {"Authorization": f"Bearer {newer.json()['access_token']}"}
    assert (await browser.client.get("/v1/books", headers=bearer)).status_code == 200
    assert "members:manage" not in tokens["scope"]


async def test_a_spent_refresh_token_ends_its_family(
    browser: Browser, tell: Callable[[str], None]
) -> None:
    for _ in range(TRIES):
        spent = (await browser.tokens())["refresh_token"]
        newer = (await browser.renew(spent)).json()["refresh_token"]
        assert is_refused(await browser.renew(spent), "invalid_grant")
        assert is_refused(await browser.renew(newer), "invalid_grant")
    assert await browser.revoked() == TRIES
    tell(f"promise 29: {TRIES} of {TRIES} families ended by reuse")


async def test_two_who_race_with_one_refresh_token_end_its_family(
    browser: Browser, tell: Callable[[str], None]
) -> None:
    for _ in range(TRIES):
        token = (await browser.tokens())["refresh_token"]
        answers = await asyncio.gather(browser.renew(token), browser.renew(token))
        assert sorted(answer.status_code for answer in answers) == [200, 400]
        winner = next(answer for answer in answers if answer.status_code == 200)
        assert is_refused(await browser.renew(winner.json()["refresh_token"]), "invalid_grant")
    assert await browser.revoked() == TRIES
    tell(f"promise 29: {TRIES} of {TRIES} families ended by a race of two clients")


async def test_a_family_ends_after_thirty_days(browser: Browser) -> None:
    tokens = await browser.tokens()
    async with browser.services.pools.system() as conn:
        await conn.execute("UPDATE token_families SET expires_at = now()")
    assert is_refused(await browser.renew(tokens["refresh_token"]), "invalid_grant")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE users SET disabled_at = now()",
        "UPDATE sessions SET ended_at = now()",
        "DELETE FROM memberships",
    ],
)
async def test_who_may_no_longer_gets_nothing(browser: Browser, statement: str) -> None:
    tokens, code = await browser.tokens(), await browser.code()
    async with browser.services.pools.system() as conn:
        await conn.execute(statement)
    assert is_refused(await browser.renew(tokens["refresh_token"]), "invalid_grant")
    assert is_refused(await browser.trade(code), "invalid_grant")


async def test_a_role_is_read_anew_at_each_renewal(browser: Browser) -> None:
    tokens = await browser.tokens()
    async with browser.services.pools.system() as conn:
        await conn.execute("UPDATE memberships SET role = 'billing'")
    renewed = (await browser.renew(tokens["refresh_token"])).json()
    assert "billing:manage" in renewed["scope"]
    assert "books:read" not in renewed["scope"]


async def test_a_code_used_twice_ends_its_tokens(browser: Browser) -> None:
    code = await browser.code()
    tokens = (await browser.trade(code)).json()
    assert is_refused(await browser.trade(code), "invalid_grant")
    assert is_refused(await browser.renew(tokens["refresh_token"]), "invalid_grant")
    assert await browser.revoked() == 1


OTHERS = (
    {"code_verifier": "x" * 43},
    {"code_verifier": VERIFIER[:-1]},
    {"code_verifier": CHALLENGE},
    {"redirect_uri": "http://edge"},
    {"redirect_uri": "http://edge/callback"},
    {"redirect_uri": "http://edge/?x=1"},
    {"code": "another"},
)
"""Be what a code is not good with: another verifier, another address, another code."""
ELSEWHERE = ("http://edge", "http://edge/x", "http://edge/?a=1", "http://edge:1/", "//edge/")
UNKNOWN_GRANTS = ("password", "token", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer")


async def test_a_code_is_good_once_for_its_address_its_verifier_and_a_minute(
    browser: Browser, tell: Callable[[str], None]
) -> None:
    assert browser.origin == "http://edge"
    refused = 0
    for changed in OTHERS:
        code = await browser.code()
        refused += is_refused(await browser.trade(**{"code": code, **changed}), "invalid_grant")
    code = await browser.code()
    async with browser.services.pools.system() as conn:
        lives = await conn.fetch("SELECT expires_at - created_at AS life FROM authorization_codes")
        await conn.execute("UPDATE authorization_codes SET expires_at = now()")
    refused += is_refused(await browser.trade(code), "invalid_grant")
    for _ in range(TRIES):
        code = await browser.code()
        assert (await browser.trade(code)).status_code == 200
        refused += is_refused(await browser.trade(code), "invalid_grant")
    assert await browser.revoked() == TRIES
    tries = len(OTHERS) + 1 + TRIES
    longest_s = max(row["life"].total_seconds() for row in lives)
    tell(
        f"promise 31: {refused} of {tries} misuses of a code refused; {TRIES} second uses ended "
        f"{TRIES} families; a code lives {longest_s:.0f} s (limit 60)"
    )
    assert refused == tries
    assert longest_s <= 60


async def test_nothing_but_a_code_by_s256_to_the_exact_address_is_granted(
    browser: Browser, tell: Callable[[str], None]
) -> None:
    web = clients.our_own(browser.origin)[clients.WEB]
    asked = (
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"code_challenge": ""},
        {"response_type": "token"},
        {"response_type": "code token"},
        {"scope": "everything"},
    )
    told = [
        authorization.read_request(browser.query(**changed), web, browser.origin)
        for changed in asked
    ]
    refused = sum(
        isinstance(one, authorization.ErrorRedirect) and "error=" in one.location for one in told
    )
    for address in ELSEWHERE:
        with pytest.raises(InvalidInput):
            authorization.read_request(browser.query(redirect_uri=address), web, browser.origin)
        refused += 1
    for grant in UNKNOWN_GRANTS:
        form = {"grant_type": grant, "client_id": clients.WEB}
        refused += is_refused(await browser.token(form), "unsupported_grant_type")
    tries = len(asked) + len(ELSEWHERE) + len(UNKNOWN_GRANTS)
    tell(f"promise 31: {refused} of {tries} other challenges, responses, addresses, grants refused")
    assert refused == tries


async def test_a_device_waits_is_told_to_slow_down_and_gets_tokens_once(browser: Browser) -> None:
    begun = await browser.client.post(
        "/oauth/device_authorization", data={"client_id": clients.COMMAND_LINE}
    )
    form = {
        "grant_type": clients.DEVICE,
        "client_id": clients.COMMAND_LINE,
        "device_code": begun.json()["device_code"],
    }
    assert is_refused(await browser.token(form), "authorization_pending")
    assert is_refused(await browser.token(form), "slow_down")
    now = utc_from_ns(browser.services.clock.now_ns())
    async with browser.services.pools.system() as conn:
        await device.decide(conn, begun.json()["user_code"].lower(), browser.session, True, now)
    assert "refresh_token" in (await browser.token(form)).json()
    assert is_refused(await browser.token(form), "invalid_grant")


async def test_forms_and_clients_that_are_not_right_are_refused(browser: Browser) -> None:
    twice = "grant_type=refresh_token&grant_type=refresh_token&client_id=heliostat-web"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await browser.client.post("/oauth/token", content=twice, headers=headers)
    assert is_refused(answer, "invalid_request")
    assert is_refused(await browser.client.post("/oauth/token", json={}), "invalid_request")
    unknown = await browser.token({"grant_type": "refresh_token", "client_id": "nobody"})
    assert (unknown.status_code, unknown.json()["error"]) == (401, "invalid_client")


async def test_metadata_and_keys_are_published(browser: Browser) -> None:
    metadata = (await browser.client.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["issuer"] == browser.origin
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    keys = (await browser.client.get("/oauth/jwks")).json()["keys"]
    assert [key["kty"] for key in keys] == ["OKP"]
    assert all("d" not in key for key in keys)


def test_the_vector_of_rfc_7636() -> None:
    assert authorization.proves(VERIFIER, CHALLENGE)
    assert not authorization.proves(VERIFIER, VERIFIER)
