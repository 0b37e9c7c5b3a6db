"""Hold the client against the sandbox over real sockets, each fault switch included."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.clock import SystemClock, utc_from_ns
from core.errors import BadFrame, SourceUnavailable
from integrations.oidc.client import Attempt, OidcClient, OidcConfig
from integrations.oidc.codec import Identity
from integrations.oidc.sandbox.app import (
    NEW_KEY,
    TOKEN_FAULTS,
    UNVERIFIED_EMAIL,
    OidcSandbox,
    SandboxConfig,
)
from integrations.sandbox_kit import SandboxServer

SECRET = "a secret: with/marks"
pytestmark = pytest.mark.postgres

ATTEMPT = Attempt(redirect_uri="http://localhost:1/back", state="s", nonce="n", verifier="v" * 43)
CLOCK = SystemClock()


def now() -> datetime:
    return utc_from_ns(CLOCK.now_ns())


@dataclass
class Place:
    """Hold a running sandbox and a client of it."""

    sandbox: OidcSandbox
    client: OidcClient

    async def code(self) -> str:
        """Sign in on the sandbox's page as a browser would."""
        url = await self.client.sign_in_url(ATTEMPT, now())
        async with httpx.AsyncClient() as browser:
            shown = await browser.get(url)
            assert "Sandbox provider" in shown.text
            answer = await browser.get(f"{url}&person=ada@example.com")
        back = parse_qs(urlsplit(answer.headers["location"]).query)
        assert back["state"] == ["s"]
        return back["code"][0]

    async def sign_in(self) -> Identity:
        return await self.client.redeem(await self.code(), ATTEMPT, now())

    def asked(self, path: str) -> int:
        return self.sandbox._asked.get(path, 0)


def config(issuer: str, **changes: object) -> OidcConfig:
    known = {"issuer": issuer, "client_id": "us", "client_secret": SECRET, "label": "Sandbox"}
    return OidcConfig(**{**known, **changes})  # type: ignore[arg-type]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    sandbox = OidcSandbox(SandboxConfig(client_id="us", client_secret=SECRET, clock=CLOCK))
    async with SandboxServer(sandbox.app()) as server:
        sandbox.issuer = server.http_url
        client = OidcClient(config(server.http_url, answer_within_s=2.0))
        yield Place(sandbox, client)
        await client.close()


async def test_a_person_signs_in(place: Place) -> None:
    identity = await place.sign_in()
    assert identity.email == "ada@example.com"
    assert identity.subject == "sandbox|ada@example.com"
    assert identity.issuer == place.sandbox.issuer


async def test_description_and_keys_are_asked_for_once(place: Place) -> None:
    await place.sign_in()
    await place.sign_in()
    assert place.asked("/.well-known/openid-configuration") == 1
    assert place.asked("/jwks") == 1


async def test_a_new_key_is_fetched_but_not_at_every_stranger(place: Place) -> None:
    await place.sign_in()
    place.sandbox.faults.arm(NEW_KEY)
    code = await place.code()
    with pytest.raises(BadFrame):  # a stranger may not make us ask again at once
        await place.client.redeem(code, ATTEMPT, now())
    code = await place.code()
    later = now() + timedelta(seconds=11)
    assert (await place.client.redeem(code, ATTEMPT, later)).email == "ada@example.com"
    assert place.asked("/jwks") == 2


@pytest.mark.parametrize("fault", TOKEN_FAULTS)
async def test_a_spoilt_token_is_refused_and_the_next_is_taken(place: Place, fault: str) -> None:
    place.sandbox.faults.arm(fault)
    with pytest.raises(BadFrame):
        await place.sign_in()
    assert place.sandbox.faults.happened[fault] == 1
    assert (await place.sign_in()).email == "ada@example.com"


async def test_an_unverified_address_is_not_believed(place: Place) -> None:
    place.sandbox.faults.arm(UNVERIFIED_EMAIL)
    identity = await place.sign_in()
    assert identity.email is None


async def test_a_code_works_once_and_for_its_verifier(place: Place) -> None:
    code = await place.code()
    other = Attempt(redirect_uri=ATTEMPT.redirect_uri, state="s", nonce="n", verifier="w" * 43)
    with pytest.raises(SourceUnavailable, match="400 invalid_grant"):
        await place.client.redeem(code, other, now())
    with pytest.raises(SourceUnavailable, match="400 invalid_grant"):
        await place.client.redeem(code, ATTEMPT, now())


@pytest.mark.parametrize("fault", ["server_error", "too_many_requests", "slow_drip"])
async def test_a_provider_that_does_not_answer_is_away(place: Place, fault: str) -> None:
    place.sandbox.faults.arm(fault)
    with pytest.raises(SourceUnavailable):
        await place.sign_in()
    assert (await place.sign_in()).email == "ada@example.com"


async def test_garbage_is_refused(place: Place) -> None:
    place.sandbox.faults.arm("garbage_frame")
    with pytest.raises(BadFrame):
        await place.sign_in()


async def test_a_wrong_secret_is_refused(place: Place) -> None:
    client = OidcClient(config(place.sandbox.issuer, client_secret="another"))
    with pytest.raises(SourceUnavailable, match="401 invalid_client"):
        await client.redeem(await place.code(), ATTEMPT, now())
    await client.close()


async def test_an_absent_provider_is_away() -> None:
    client = OidcClient(config("http://127.0.0.1:9"))
    with pytest.raises(SourceUnavailable):
        await client.sign_in_url(ATTEMPT, now())
    await client.close()


async def test_an_issuer_without_tls_is_refused() -> None:
    client = OidcClient(config("http://people.example"))
    with pytest.raises(BadFrame):
        await client.sign_in_url(ATTEMPT, now())
    await client.close()
