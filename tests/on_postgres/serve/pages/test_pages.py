"""Walk the pages without scripts: what people read where something is asked, refused or over."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from core.identity import Role
from core.runs import DEFAULT_ORG
from serve.identity.grants import clients
from storage.identity import invitations, oauth_clients, organisations
from storage.identity.oauth_clients import StoredClient
from tests.front_door import PASSWORD, VERIFIER
from tests.html_forms import Visitor
from tests.identities import NOW, OTHER_ORG, add_user
from tests.on_postgres.serve.pages.house import House, kept_house

if TYPE_CHECKING:
    from uuid import UUID

    from serve.services import Services

pytestmark = pytest.mark.postgres

EMAIL = "ada@example.com"
BACK = "https://program.example/back"


@dataclass
class Street:
    """Hold a house, and browsers that come to it."""

    house: House

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Visitor]:
        async with httpx.AsyncClient(base_url=self.house.origin) as client:
            yield Visitor(client)

    @asynccontextmanager
    async def signed_in(self, email: str = EMAIL) -> AsyncIterator[Visitor]:
        """Let a new member in by link, with a password."""
        link = await self.house.link_for(email)
        async with self.browser() as browser:
            await browser.open("/sign-in/link")
            await browser.submit("/sign-in/link", token=link.partition("#")[2])
            await browser.submit("/sign-in/link/password", name="Ada", password=PASSWORD)
            assert browser.path == "/account", browser.text
            yield browser

    async def program(self, org_id: "UUID" = DEFAULT_ORG) -> None:
        """Register a program of others that acts for people."""
        client = StoredClient(
            org_id=org_id,
            client_id="program",
            name="Risk <b>desk</b>",
            secret_digest=None,
            redirect_uris=(BACK,),
            grants=(clients.CODE, clients.REFRESH),
            scopes=("market:read", "books:read"),
            role=None,
            created_by="user:x",
            created_at=self.house.now(),
        )
        async with self.house.services.pools.system() as conn:
            await oauth_clients.create(conn, client)

    async def invitation(self, email: str) -> str:
        async with self.house.services.pools.system() as conn:
            _, token = await invitations.create(
                conn, DEFAULT_ORG, email, Role.RESEARCHER, "user:x", self.house.now()
            )
        return token

    async def device(self) -> dict[str, str]:
        form = {"client_id": "heliostat-cli"}
        async with httpx.AsyncClient(base_url=self.house.origin) as program:
            answer = await program.post("/oauth/device_authorization", data=form)
        told: dict[str, str] = answer.json()
        return told

    def minutes_pass(self, minutes: int) -> None:
        self.house.clock.offset_ns += minutes * 60 * 1_000_000_000


def authorization(**changed: str) -> str:
    digest = sha256(VERIFIER.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": "program",
        "redirect_uri": BACK,
        "state": "as sent",
        "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **changed,
    }
    return f"/oauth/authorize?{urlencode(query)}"


def told_back(browser: Visitor) -> dict[str, str]:
    assert browser.sent_to.startswith(f"{BACK}?"), browser.sent_to
    return {name: one[0] for name, one in parse_qs(urlsplit(browser.sent_to).query).items()}


@pytest.fixture
async def street(services: "Services") -> AsyncIterator[Street]:
    async with kept_house(services) as house:
        yield Street(house)


async def test_a_program_of_others_is_let_in_after_a_yes_that_says_to_what(
    street: Street,
) -> None:
    await street.program()
    async with street.signed_in() as browser:
        await browser.open(authorization())
        assert "Let Risk <b>desk</b> act for you?" in browser.text
        for words in ("read books", "read prices", EMAIL, BACK):
            assert words in browser.text, words
        assert "submit" not in browser.text
        assert browser.answer is not None
        policy = browser.answer.headers["content-security-policy"]
        assert "form-action 'self' https://program.example;" in f"{policy};"
        await browser.submit("/oauth/authorize", decision="approve")
        back = told_back(browser)
        assert (back["state"], back["iss"]) == ("as sent", street.house.origin)
        form = {
            "grant_type": clients.CODE,
            "client_id": "program",
            "code": back["code"],
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        }
        tokens = await browser.client.post("/oauth/token", data=form)
        assert tokens.json()["scope"] == "books:read market:read"


async def test_a_program_that_is_refused_is_told_so(street: Street) -> None:
    await street.program()
    async with street.signed_in() as browser:
        await browser.open(authorization())
        await browser.submit("/oauth/authorize", decision="deny")
        assert told_back(browser)["error"] == "access_denied"
        await browser.open(authorization(scope="market:read everything"))
        assert told_back(browser)["error"] == "invalid_scope"


async def test_who_sends_people_elsewhere_than_registered_gets_nobody(street: Street) -> None:
    await street.program()
    async with street.signed_in() as browser:
        for changed in (
            {"redirect_uri": f"{BACK}/more"},
            {"redirect_uri": "https://evil.example/"},
            {"client_id": "nobody"},
        ):
            await browser.open(authorization(**changed))
            assert browser.status == 422, changed
            assert browser.path == "/oauth/authorize"


async def test_a_program_of_another_organisation_is_not_let_in(street: Street) -> None:
    async with street.house.services.pools.system() as conn:
        await add_user(conn, "other@example.com", Role.OWNER, OTHER_ORG)
    await street.program(OTHER_ORG)
    async with street.signed_in() as browser:
        await browser.open(authorization())
        await browser.submit("/oauth/authorize", decision="approve")
        assert browser.status == 403


async def test_who_is_asked_to_sign_in_comes_back_to_what_they_wanted(street: Street) -> None:
    await street.program()
    async with street.signed_in():
        pass
    async with street.browser() as browser:
        await browser.open(authorization())
        assert browser.path == "/sign-in"
        await browser.submit("/sign-in", email=EMAIL, password=PASSWORD)
        assert "Let Risk <b>desk</b> act for you?" in browser.text


async def test_an_invitation_says_where_to_and_a_newcomer_chooses_a_password(
    street: Street,
) -> None:
    token = await street.invitation("bob@example.com")
    async with street.house.services.pools.system() as conn:
        organisation = await organisations.read(conn, DEFAULT_ORG)
    async with street.browser() as browser:
        await browser.open("/invitations")
        await browser.submit("/invitations", token=token)
        assert f"Join {organisation.name}?" in browser.text
        assert "as researcher , as bob@example.com" in browser.text
        await browser.submit("/invitations/accept")
        await browser.submit("/sign-in/link/password", name="Bob", password="short")
        assert browser.status == 422
        await browser.submit("/sign-in/link/password", name="Bob", password=PASSWORD)
        assert browser.path == "/account", browser.text
        await browser.open("/invitations")
        await browser.submit("/invitations", token=token)
        assert (browser.status, "This invitation was used" in browser.text) == (404, True)


async def test_who_has_an_account_joins_and_signs_in_as_always(street: Street) -> None:
    async with street.signed_in("ada@example.com"):
        pass
    async with street.house.services.pools.system() as conn:
        await add_user(conn, "other@example.com", Role.OWNER, OTHER_ORG)
        _, token = await invitations.create(
            conn, OTHER_ORG, EMAIL, Role.ANALYST, "user:x", street.house.now()
        )
    async with street.browser() as browser:
        await browser.open("/invitations")
        await browser.submit("/invitations", token=token)
        await browser.submit("/invitations/accept")
        assert (browser.path, "You have joined." in browser.text) == ("/sign-in", True)
        await browser.submit("/sign-in", email=EMAIL, password=PASSWORD)
        assert "other" in browser.text


async def test_an_old_proof_is_renewed_before_a_factor_is_added(street: Street) -> None:
    async with street.signed_in() as browser:
        await browser.open("/account")
        street.minutes_pass(11)
        await browser.submit("/account/totp")
        assert (browser.path, "Confirm that it is you" in browser.text) == ("/step-up", True)
        assert "code" not in browser.shown.labels
        await browser.submit("/step-up", password="wrong")
        assert browser.status == 401
        await browser.submit("/step-up", password=PASSWORD)
        assert browser.path == "/account"
        await browser.submit("/account/totp")
        assert "Set up an authenticator app" in browser.text


async def test_too_many_tries_are_told_with_a_way_out(street: Street) -> None:
    async with street.signed_in():
        pass
    async with street.browser() as browser:
        await browser.open("/sign-in")
        for _ in range(6):
            await browser.submit("/sign-in", email=EMAIL, password="wrong")
        assert browser.status == 429
        assert "Too many tries failed. Try again in 30 s" in browser.text
        assert browser.shown.marks["email"]["value"] == EMAIL


async def test_a_device_is_refused_and_gets_nothing(street: Street) -> None:
    device = await street.device()
    async with street.signed_in() as browser:
        await browser.open(f"/device?user_code={device['user_code']}")
        await browser.submit("/device")
        assert device["user_code"] in browser.text
        await browser.submit("/device/decide", decision="deny")
        assert "The device is refused" in browser.text
        street.minutes_pass(1)
        poll = {
            "grant_type": clients.DEVICE,
            "client_id": "heliostat-cli",
            "device_code": device["device_code"],
        }
        answer = await browser.client.post("/oauth/token", data=poll)
        assert answer.json()["error"] == "access_denied"


async def test_who_guesses_codes_of_devices_is_slowed_where_they_are_decided_too(
    street: Street,
) -> None:
    device = await street.device()
    async with street.signed_in() as browser:
        await browser.open("/device")
        for _ in range(3):
            await browser.submit("/device", user_code="BBBB-BBBB")
            assert browser.status == 404
        await browser.submit("/device", user_code=device["user_code"])
        form = browser.shown.forms[-1]
        statuses = []
        for _ in range(6):
            sent = {**form.fields, "user_code": "CCCC-CCCC", "decision": "approve"}
            answer = await browser.client.post("/device/decide", data=sent)
            statuses.append(answer.status_code)
    assert statuses == [404] * 5 + [429]


async def test_a_spent_link_says_so(street: Street) -> None:
    async with street.signed_in() as browser:
        await browser.open("/sign-in/link")
        await browser.submit("/sign-in/link", token="of nobody")
        assert (browser.status, "used already, or is too old" in browser.text) == (401, True)
    assert street.house.now() > NOW
