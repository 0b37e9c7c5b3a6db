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


async def tokens(page: chromium.Page, program: httpx.AsyncClient, origin: str) -> dict[str, str]:
    """Get a program's own tokens by the session of the browser."""
    asked = front_door.authorization_url(origin)
    # Stop the browser at the address with the code: the dashboard would take it for its own.
    code = await _code_without_page(page, asked)
    answer = await program.post(
        "/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": "heliostat-web",
            "code": code,
            "redirect_uri": f"{origin}/",
            "code_verifier": front_door.VERIFIER,
        },
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


async def _code_without_page(page: chromium.Page, address: str) -> str:
    cookies = (await page.send("Network.getCookies", urls=[address]))["cookies"]
    jar = {one["name"]: one["value"] for one in cookies}
    async with httpx.AsyncClient(cookies=jar) as browser:
        answer = await browser.get(address)
    assert answer.status_code in {302, 303}, answer.text
    return str(httpx.URL(answer.headers["location"]).params["code"])


async def refused_after(
    origin: str, token: str, act: Callable[[], Awaitable[None]]
) -> dict[str, float]:
    """Return how long after an act an open stream ended, and a new request was refused."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=origin, headers=headers, timeout=30) as caller,
        caller.stream("GET", "/v1/streams/quotes?product=CL") as stream,
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

    await front_door.leave(page, origin)
    await front_door.come_by_password(page, OWNER, app.code(secret))
    assert await page.path() == "/account"
    await page.add_authenticator()
    await front_door.add_passkey(page, "Laptop")
    await front_door.leave(page, origin)
    await front_door.come_by_passkey(page)
    assert await page.path() == "/account"

    async with httpx.AsyncClient(base_url=origin, timeout=30) as program:
        spent = await tokens(page, program, origin)
        form = {"grant_type": "refresh_token", "client_id": "heliostat-web"}
        renewal = {**form, "refresh_token": spent["refresh_token"]}
        renewed = await program.post("/oauth/token", data=renewal)
        assert renewed.status_code == 200, renewed.text

        async def reuse() -> None:
            assert (await program.post("/oauth/token", data=renewal)).status_code == 400

        took = {"refresh reuse": await refused_after(origin, renewed.json()["access_token"], reuse)}
        token = (await tokens(page, program, origin))["access_token"]

        async def leave() -> None:
            await front_door.leave(page, origin)

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
