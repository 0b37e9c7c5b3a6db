"""Walk through the front door in a real browser, over real sockets and a real database."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests import chromium, front_door
from tests.on_postgres.serve.pages.house import House, kept_house
from tests.totp_codes import code_at

if TYPE_CHECKING:
    from serve.services import Services

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.timeout(180),
    pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium is installed"),
]

EMAIL = "ada@example.com"


@dataclass
class Visit:
    """Hold the served house and the tab of a browser that looks at it."""

    house: House
    page: chromium.Page

    @property
    def origin(self) -> str:
        return self.house.origin

    def code(self, secret: str) -> str:
        """Wait for the app's next code, since each lets in once."""
        self.house.clock.offset_ns += 31 * 1_000_000_000
        return code_at(secret, self.house.now())


@pytest.fixture
async def visit(services: "Services") -> AsyncIterator[Visit]:
    async with kept_house(services) as house, chromium.browsing() as page:
        yield Visit(house, page)
        assert page.complaints == []


async def test_a_person_comes_by_link_then_by_password_and_app_then_by_passkey(
    visit: Visit,
) -> None:
    page, origin = visit.page, visit.origin
    await front_door.come_by_link(page, await visit.house.link_for(EMAIL))
    secret, recovery = await front_door.add_app(page, visit.code)
    await front_door.leave(page, origin)

    await front_door.come_by_password(page, EMAIL, visit.code(secret))
    assert await page.path() == "/account"
    await page.add_authenticator()
    await front_door.add_passkey(page, "Laptop")
    await front_door.leave(page, origin)

    await front_door.come_by_passkey(page)
    assert await page.path() == "/account"
    await front_door.leave(page, origin)

    await front_door.come_by_password(page, EMAIL, recovery[0])
    assert "Recovery codes left: 9." in await page.text()


async def test_a_person_comes_by_link_with_a_passkey_and_no_password(visit: Visit) -> None:
    page = visit.page
    await page.add_authenticator()
    await page.goto(await visit.house.link_for(EMAIL))
    await page.click("form button.primary")
    await page.click("[data-passkey=create] button")
    assert await page.path() == "/account", await page.text()
    assert "Set a password" in await page.text()
    await front_door.leave(page, visit.origin)
    await front_door.come_by_passkey(page)
    assert await page.path() == "/account"


async def test_a_program_gets_its_code_and_a_device_is_let_in(visit: Visit) -> None:
    page, origin = visit.page, visit.origin
    await front_door.come_by_link(page, await visit.house.link_for(EMAIL))
    async with httpx.AsyncClient(base_url=origin) as program:
        await page.goto(front_door.authorization_url(origin))
        exchange = {
            "grant_type": "authorization_code",
            "client_id": "heliostat-web",
            "code": await front_door.code_of(page, origin),
            "redirect_uri": f"{origin}/",
            "code_verifier": front_door.VERIFIER,
        }
        tokens = await program.post("/oauth/token", data=exchange)
        assert tokens.status_code == 200, tokens.text

        asked = await program.post(
            "/oauth/device_authorization", data={"client_id": "heliostat-cli"}
        )
        device = asked.json()
        await page.goto(f"{origin}/device")
        await page.fill("#user_code", device["user_code"].lower())
        await page.click("form button.primary")
        assert "Heliostat command" in await page.text()
        await page.click("button[value=approve]")
        poll = {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "client_id": "heliostat-cli",
            "device_code": device["device_code"],
        }
        visit.house.clock.offset_ns += 10 * 1_000_000_000
        let_in = await program.post("/oauth/token", data=poll)
        assert let_in.status_code == 200, let_in.text
    page.complaints.clear()  # the callback is a page of the dashboard, which is not built here


async def test_the_sign_in_page_shows_itself_in_every_light(visit: Visit) -> None:
    """Save pictures where HELIOSTAT_PICTURES says; without it only look that nothing overflows."""
    page = visit.page
    folder = os.environ.get("HELIOSTAT_PICTURES")
    for width, is_dark in ((1000, False), (1000, True), (360, False), (360, True)):
        await page.look(width, 760, is_dark=is_dark)
        await page.goto(f"{visit.origin}/sign-in")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(14, 17, 19)" if is_dark else "rgb(243, 242, 238)")
        picture = await page.picture()
        if folder:
            name = f"sign-in-{width}-{'dark' if is_dark else 'light'}.png"
            Path(folder, name).write_bytes(picture)  # noqa: ASYNC240 - a small file
