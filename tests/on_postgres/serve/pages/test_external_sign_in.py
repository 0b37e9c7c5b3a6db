"""Sign in at the sandbox of a provider, as browsers do that nobody or somebody sent there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from core.clock import SystemClock
from core.identity import Role
from core.runs import DEFAULT_ORG
from integrations.oidc.client import OidcClient, OidcConfig
from integrations.oidc.sandbox.app import (
    BAD_SIGNATURE,
    UNVERIFIED_EMAIL,
    WRONG_NONCE,
    OidcSandbox,
    SandboxConfig,
)
from integrations.sandbox_kit import SandboxServer
from storage.audit import trail
from storage.identity import invitations, sessions, users
from tests import chromium, front_door
from tests.html_forms import Visitor
from tests.on_postgres.serve.pages.house import House, kept_house
from tests.totp_codes import code_at

if TYPE_CHECKING:
    from serve.services import Services

pytestmark = pytest.mark.postgres

EMAIL = "ada@example.com"
LABEL = "Acme"


@dataclass
class Town:
    """Hold a house whose people may sign in at a provider, and that provider."""

    house: House
    sandbox: OidcSandbox

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Visitor]:
        """Open a browser that has no cookies yet."""
        async with httpx.AsyncClient(base_url=self.house.origin) as client:
            yield Visitor(client)

    async def go_there(self, browser: Visitor, address: str, person: str = EMAIL) -> str:
        """Sign in at the provider as somebody; returns where it sends the browser back to."""
        assert address.startswith(self.sandbox.issuer)
        answer = await browser.client.get(f"{address}&person={person}")
        assert answer.status_code == 303
        return answer.headers["location"]

    async def sign_in(self, browser: Visitor, person: str = EMAIL) -> Visitor:
        """Press the provider's button on the sign-in page, and sign in there."""
        await browser.open("/sign-in?return_to=/device")
        await browser.open(browser.shown.links[f"Sign in with {LABEL}"])
        return await browser.open(await self.go_there(browser, browser.sent_to, person))

    async def come_by_link(self, browser: Visitor) -> None:
        """Come in with a link, and choose a password."""
        link = await self.house.link_for(EMAIL)
        await browser.open("/sign-in/link")
        await browser.submit("/sign-in/link", token=link.partition("#")[2])
        await browser.submit("/sign-in/link/password", name="Ada", password=front_door.PASSWORD)
        assert browser.path == "/account", browser.text

    async def connect(self, browser: Visitor, person: str = EMAIL) -> Visitor:
        """Connect an identity on the account page, on which the browser is."""
        await browser.submit("/account/identities")
        address = browser.shown.links[f"Go to {LABEL}"]
        return await browser.open(await self.go_there(browser, address, person))

    async def invitation(self, email: str = EMAIL) -> str:
        async with self.house.services.pools.system() as conn:
            _, token = await invitations.create(
                conn, DEFAULT_ORG, email, Role.ANALYST, "user:x", self.house.now()
            )
        return token

    async def join(self, browser: Visitor, token: str, person: str = EMAIL) -> Visitor:
        """Come by an invitation, and prove the address at the provider."""
        await browser.open("/invitations")
        await browser.submit("/invitations", token=token)
        await browser.submit("/invitations/external")
        address = browser.shown.links[f"Go to {LABEL}"]
        return await browser.open(await self.go_there(browser, address, person))

    async def actions(self) -> list[str]:
        async with self.house.services.pools.system() as conn:
            return [entry.action for entry in await trail.page(conn, DEFAULT_ORG, limit=20)]


@pytest.fixture
async def town(services: "Services") -> AsyncIterator[Town]:
    secret = "of the client"
    sandbox = OidcSandbox(
        SandboxConfig(client_id="heliostat", client_secret=secret, clock=SystemClock())
    )
    async with SandboxServer(sandbox.app(), 0) as server:
        sandbox.issuer = server.http_url
        config = OidcConfig(
            issuer=sandbox.issuer, client_id="heliostat", client_secret=secret, label=LABEL
        )
        provider = OidcClient(config)
        async with kept_house(replace(services, provider=provider)) as house:
            yield Town(house, sandbox)
        await provider.close()


async def test_who_connected_an_identity_is_signed_in_by_it(town: Town) -> None:
    async with town.browser() as browser:
        await town.come_by_link(browser)
        await town.connect(browser)
        assert (browser.path, "You can sign in from there now." in browser.text) == (
            "/account",
            True,
        )
        assert town.sandbox.issuer in browser.text
    async with town.browser() as another:
        await town.sign_in(another)
        assert (another.path, another.status) == ("/device", 200)
    assert {"identity.added", "session.started"} <= set(await town.actions())


async def test_nobody_is_let_in_by_an_address_alone(town: Town) -> None:
    """Who invites chooses the address, and may have set an account up before its owner comes."""
    await town.house.link_for(EMAIL)
    async with town.browser() as browser:
        await town.sign_in(browser)
        assert (browser.status, browser.path) == (403, "/sign-in/external/done")
        assert "nobody here has connected it" in browser.text
        assert (await browser.open("/account")).path == "/sign-in"


async def test_who_is_invited_comes_in_without_a_password(town: Town) -> None:
    token = await town.invitation()
    async with town.browser() as browser:
        await town.join(browser, token)
        assert (browser.path, browser.shown.marks["name"]["value"]) == ("/account", "Ada")
    async with town.browser() as again:
        await town.sign_in(again)
        assert again.path == "/device"
    async with town.browser() as late:
        await late.open("/invitations")
        await late.submit("/invitations", token=token)
        assert late.status == 404


@pytest.mark.parametrize("fault", ["other address", "no address"])
async def test_an_invitation_to_another_address_stays_open(town: Town, fault: str) -> None:
    token = await town.invitation()
    async with town.browser() as browser:
        person = EMAIL
        if fault == "other address":
            person = "eve@example.com"
        else:
            town.sandbox.faults.arm(UNVERIFIED_EMAIL)
        await town.join(browser, token, person)
        assert browser.status == 403
        assert "vouch" in browser.text
    async with town.browser() as right:
        await town.join(right, token)
        assert right.path == "/account"


async def test_who_has_an_account_is_asked_to_connect_it_there(town: Town) -> None:
    async with town.browser() as browser:
        await town.come_by_link(browser)
    token = await town.invitation()
    async with town.browser() as browser:
        await town.join(browser, token)
        assert browser.status == 403
        assert "there is an account of this address already" in browser.text


async def test_an_identity_is_one_person_s_only(town: Town) -> None:
    async with town.browser() as browser:
        await town.join(browser, await town.invitation())
    async with town.browser() as other:
        link = await town.house.link_for("bob@example.com")
        await other.open("/sign-in/link")
        await other.submit("/sign-in/link", token=link.partition("#")[2])
        await other.submit("/sign-in/link/password", name="Bob", password=front_door.PASSWORD)
        await town.connect(other)
        assert other.status == 403
        assert "it is connected with another account" in other.text


async def test_a_second_factor_is_asked_for_all_the_same(town: Town) -> None:
    async with town.browser() as browser:
        await town.come_by_link(browser)
        await town.connect(browser)
        await browser.submit("/account/totp")
        assert browser.answer is not None
        seed = re.findall(r"<code>([A-Z2-7 ]+)</code>", browser.answer.text)[0]
        await browser.submit("/account/totp/confirm", code=code_at(seed, town.house.now()))
    town.house.clock.offset_ns += 31 * 1_000_000_000
    async with town.browser() as another:
        await town.sign_in(another)
        assert "One more step" in another.text
        assert (await another.open("/account")).path == "/sign-in"
        await town.sign_in(another)
        await another.submit("/sign-in/second", code=code_at(seed, town.house.now()))
        assert another.path == "/device"
    async with town.house.services.pools.system() as conn:
        user = await users.by_email(conn, EMAIL)
        assert user is not None
        (newest, *_) = await sessions.of_user(conn, user.user_id, town.house.now())
    assert set(newest.methods) == {"external", "totp"}


async def test_what_one_browser_began_no_other_ends(town: Town) -> None:
    """Who makes others sign in as themselves reads what they do then."""
    async with town.browser() as thief, town.browser() as victim:
        await town.join(thief, await town.invitation())
        await thief.open("/sign-in")
        await thief.open(thief.shown.links[f"Sign in with {LABEL}"])
        back = await town.go_there(thief, thief.sent_to)
        await victim.open("/sign-in")
        await victim.open(back)
        assert (victim.status, (await victim.open("/account")).path) == (401, "/sign-in")


async def test_a_connection_is_made_by_the_session_that_asked_for_it(town: Town) -> None:
    async with town.browser() as browser:
        await town.come_by_link(browser)
        await browser.submit("/account/identities")
        address = browser.shown.links[f"Go to {LABEL}"]
        back = await town.go_there(browser, address)
        browser.client.cookies.delete("heliostat")
        await browser.open(back)
        assert browser.status == 401


async def test_what_was_brought_back_is_good_once_and_not_for_long(town: Town) -> None:
    async with town.browser() as browser:
        await town.join(browser, await town.invitation())
        for wait in (timedelta(), timedelta(minutes=11)):
            await browser.open("/sign-in")
            await browser.open(browser.shown.links[f"Sign in with {LABEL}"])
            back = await town.go_there(browser, browser.sent_to)
            if not wait:
                assert (await browser.open(back)).path == "/account"
            town.house.clock.offset_ns += round(wait.total_seconds() * 1e9)
            assert (await browser.open(back)).status == 401


@pytest.mark.parametrize("fault", [WRONG_NONCE, BAD_SIGNATURE, "garbage_frame"])
async def test_what_cannot_be_trusted_lets_nobody_in(town: Town, fault: str) -> None:
    async with town.browser() as browser:
        await town.join(browser, await town.invitation())
        browser.client.cookies.delete("heliostat")
        await browser.open("/sign-in")
        await browser.open(browser.shown.links[f"Sign in with {LABEL}"])
        back = await town.go_there(browser, browser.sent_to)
        town.sandbox.faults.arm(fault)
        await browser.open(back)
        assert browser.status == 502
        assert f"Signing in at {LABEL} does not work now." in browser.text


async def test_no_last_way_in_is_removed(town: Town) -> None:
    async with town.browser() as browser:
        await town.join(browser, await town.invitation())
        await browser.submit("/account/identities/remove")
        assert browser.status == 409
        assert "no password, passkey or identity elsewhere would be left" in browser.text


async def test_a_removed_identity_signs_nobody_in(town: Town) -> None:
    async with town.browser() as browser:
        await town.come_by_link(browser)
        await town.connect(browser)
        await browser.submit("/account/identities/remove")
        assert "Signing in from there is over." in browser.text
        await town.sign_in(browser)
        assert browser.status == 403
    assert "identity.removed" in await town.actions()


async def test_a_disabled_person_is_not_let_in(town: Town) -> None:
    async with town.browser() as browser:
        await town.join(browser, await town.invitation())
        async with town.house.services.pools.system() as conn:
            user = await users.by_email(conn, EMAIL)
            assert user is not None
            await users.disable(conn, user.user_id, town.house.now())
        await town.sign_in(browser)
        assert browser.status == 401


async def test_without_a_provider_there_is_no_such_way(services: "Services") -> None:
    async with (
        kept_house(services) as house,
        httpx.AsyncClient(base_url=house.origin) as client,
    ):
        browser = Visitor(client)
        await browser.open("/sign-in")
        assert not [label for label in browser.shown.links if "Sign in with" in label]
        assert (await browser.open("/sign-in/external")).status == 404


@pytest.mark.timeout(180)
@pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium is installed")
async def test_a_real_browser_goes_there_and_back(town: Town) -> None:
    origin = town.house.origin
    async with chromium.browsing() as page:
        await front_door.come_by_link(page, await town.house.link_for(EMAIL))
        await page.click("form[action='/account/identities'] button")
        await page.click("section a")
        await page.fill("input[name=person]", EMAIL)
        await page.click("button")
        assert "You can sign in from there now." in await page.text()
        await front_door.leave(page, origin)
        await page.click("a.button")
        await page.fill("input[name=person]", EMAIL)
        await page.click("button")
        assert await page.path() == "/account"
        assert page.complaints == []
