"""Walk from the link that `up` prints into the dashboard, and out of it, on a whole stack."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests import chromium, front_door
from tests.html_forms import Visitor
from tests.on_ray.conftest import Stack
from tests.totp_codes import code_at

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="no Chromium is installed"),
]

OWNER = "owner@localhost"
TARGET_S = 5.0


class App:
    """Show what an authenticator app shows; a code that let in once is waited for to change."""

    def __init__(self) -> None:
        self._shown = ""

    def code(self, secret: str) -> str:
        while (code := code_at(secret, datetime.now(UTC))) == self._shown:
            time.sleep(0.2)
        self._shown = code
        return code


@pytest.fixture
async def page() -> AsyncIterator[chromium.Page]:
    async with chromium.browsing() as opened:
        yield opened


async def until_shown(page: chromium.Page, words: str, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while words not in await page.text():  # noqa: ASYNC110 - a browser sets no event of ours
            await asyncio.sleep(0.1)


async def cookies_of(page: chromium.Page, origin: str) -> httpx.Cookies:
    """Return the cookies of a browser, whose dashboard would take a program's code for its own."""
    found = (await page.send("Network.getCookies", urls=[origin]))["cookies"]
    return httpx.Cookies({one["name"]: one["value"] for one in found})


async def tokens(cookies: httpx.Cookies, program: httpx.AsyncClient, origin: str) -> dict[str, str]:
    """Get a program's own tokens by the session of a browser."""
    async with httpx.AsyncClient(cookies=cookies) as browser:
        sent_back = await browser.get(front_door.authorization_url(origin))
    assert sent_back.status_code in {302, 303}, sent_back.text
    answer = await program.post(
        "/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "heliostat-web",
            "code": httpx.URL(sent_back.headers["location"]).params["code"],
            "redirect_uri": f"{origin}/",
            "code_verifier": front_door.VERIFIER,
        },
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


async def refused_after(
    origin: str, token: str, act: Callable[[], Awaitable[None]]
) -> dict[str, float]:
    """Return how long after an act an open stream ended, and a new request was refused."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=origin, headers=headers, timeout=30) as caller,
        caller.stream("GET", "/v1/streams/quotes?products=CL") as stream,
    ):
        assert stream.status_code == 200
        lines = stream.aiter_lines()
        await anext(lines)
        await act()
        acted = time.monotonic()

        async def end() -> float:
            with contextlib.suppress(httpx.RemoteProtocolError):
                async for _ in lines:
                    pass
            return time.monotonic() - acted

        async def refusal() -> float:
            while (await caller.get("/v1/products")).status_code != 401:  # noqa: ASYNC110 - the other side sets no event
                await asyncio.sleep(0.02)
            return time.monotonic() - acted

        async with asyncio.timeout(30):
            ended, refused = await asyncio.gather(end(), refusal())
    return {"open stream": ended, "new request": refused}


async def of_a_member(
    stack: Stack, program: httpx.AsyncClient, owner: str, origin: str
) -> dict[str, dict[str, float]]:
    """Measure what ends when a member takes a new password, and when the owner disables them."""
    invited = stack.run("members", "invite", "max@example.com", "--role", "analyst", "--json")
    link = json.loads(invited.stdout)["link"]
    took = {}
    async with (
        httpx.AsyncClient(base_url=origin) as here,
        httpx.AsyncClient(base_url=origin) as there,
    ):
        browser, other = Visitor(here), Visitor(there)
        await browser.open("/invitations")
        await browser.submit("/invitations", token=link.partition("#")[2])
        await browser.submit("/invitations/accept")
        await browser.submit("/sign-in/link/password", name="Max", password=front_door.PASSWORD)

        # Whoever changes a password stays signed in; every other browser is signed out.
        await other.open("/sign-in")
        await other.submit("/sign-in", email="max@example.com", password=front_door.PASSWORD)

        async def change() -> None:
            await other.submit(
                "/account/password",
                current_password=front_door.PASSWORD,
                new_password="four mirrors turn at dawn",
            )
            assert "Your password is changed" in other.text, other.text

        token = (await tokens(here.cookies, program, origin))["access_token"]
        took["a new password"] = await refused_after(origin, token, change)
        token = (await tokens(there.cookies, program, origin))["access_token"]

    headers = {"Authorization": f"Bearer {owner}"}
    members = (await program.get("/v1/members", headers=headers)).json()["items"]
    user_id = next(one["user_id"] for one in members if one["email"] == "max@example.com")

    async def disable() -> None:
        answer = await program.post(f"/v1/members/{user_id}/disable", headers=headers)
        assert answer.status_code == 200, answer.text

    return took | {"a disabled person": await refused_after(origin, token, disable)}


def logs(stack: Stack) -> list[Path]:
    """List every file that the stack and its Ray write what happened into."""
    folders = (stack.chosen.paths.logs, stack.chosen.paths.ray_temporary)
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert any("serve" in path.name for path in found)
    return [path for path in found if path.suffix in {".log", ".out", ".err", ""}]


async def test_the_owner_comes_by_the_printed_link_and_all_that_came_of_it_ends_in_time(
    stack: Stack, page: chromium.Page, tell: Callable[[str], None]
) -> None:
    printed = stack.run("status")
    link = next(
        line.split()[-1] for line in printed.stdout.splitlines() if line.startswith("Sign in")
    )
    origin = link.partition("/sign-in")[0]
    app = App()
    await front_door.come_by_link(page, link)
    secret, _ = await front_door.add_app(page, app.code)

    await page.goto(f"{origin}/")
    await until_shown(page, "Live")
    kept = await page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    assert "eyJ" not in kept
    assert "heliostat.sign-in" not in kept
    await page.send("Page.reload")
    await until_shown(page, "Live")
    await page.goto(f"{origin}/docs")
    await until_shown(page, "/v1/products")
    assert [one for one in page.complaints if "Content Security Policy" in one] == []

    await front_door.leave(page, origin)
    await front_door.come_by_password(page, OWNER, app.code(secret))
    assert await page.path() == "/account"
    await page.add_authenticator()
    await front_door.add_passkey(page, "Laptop")
    await front_door.leave(page, origin)
    await front_door.come_by_passkey(page)
    assert await page.path() == "/account"

    async with httpx.AsyncClient(base_url=origin, timeout=30) as program:
        spent = await tokens(await cookies_of(page, origin), program, origin)
        form = {"grant_type": "refresh_token", "client_id": "heliostat-web"}
        renewal = {**form, "refresh_token": spent["refresh_token"]}
        renewed = await program.post("/oauth/token", data=renewal)
        assert renewed.status_code == 200, renewed.text

        async def reuse() -> None:
            assert (await program.post("/oauth/token", data=renewal)).status_code == 400

        took = {"refresh reuse": await refused_after(origin, renewed.json()["access_token"], reuse)}
        token = (await tokens(await cookies_of(page, origin), program, origin))["access_token"]

        async def leave() -> None:
            await front_door.leave(page, origin)

        took |= await of_a_member(stack, program, token, origin)
        took["sign-out"] = await refused_after(origin, token, leave)
    keys = [stack.chosen.secrets_key(), link.rpartition("#")[2]]
    given = [spent["access_token"], spent["refresh_token"], token, *keys, *renewed.json().values()]
    secrets = [one for one in given if isinstance(one, str) and len(one) > 20 and " " not in one]
    files = logs(stack)
    written = [
        one.name for one in files if any(x in one.read_text("utf-8", "replace") for x in secrets)
    ]
    tell(f"promise 38, whole stack: {len(secrets)} secrets in {len(written)} of {len(files)} logs")
    assert written == []
    for act, seconds in took.items():
        for what, second in seconds.items():
            tell(f"promise 30, whole stack: {what} refused {second:.1f} s after {act} (limit 5)")
            assert second <= TARGET_S


async def test_who_is_not_signed_in_is_asked_first_and_comes_back_to_the_same_run(
    stack: Stack, page: chromium.Page
) -> None:
    origin = f"http://localhost:{stack.port}"
    await page.goto(f"{origin}/#run=0193-a")
    async with asyncio.timeout(30):
        while await page.path() != "/sign-in":  # noqa: ASYNC110 - a browser sets no event of ours
            await asyncio.sleep(0.1)
    address = httpx.URL(str(await page.evaluate("location.href")))
    assert address.params["return_to"].startswith("/oauth/authorize?")
    kept = json.loads(await page.evaluate("sessionStorage['heliostat.sign-in']"))
    assert kept["hash"] == "#run=0193-a"
