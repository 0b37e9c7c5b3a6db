"""Walk through the front door in a real browser, as a person would."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.chromium import Page

PASSWORD = "seven mirrors turn at noon"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
Codes = Callable[[str], str]
"""Tell what an authenticator app shows for a key, each time another."""


async def come_by_link(page: Page, link: str) -> None:
    """Use a sign-in link for the first time: choose a name and a password."""
    await page.goto(link)
    assert await page.evaluate("location.hash") == ""  # the token stays in no history
    await page.click("form button.primary")
    await page.fill("#name", "Ada")
    await page.fill("#password", PASSWORD)
    await page.click("form button.primary")
    assert await page.path() == "/account", await page.text()


async def add_app(page: Page, codes: Codes) -> tuple[str, list[str]]:
    """Set up an authenticator app on the account page; returns its key and the recovery codes."""
    await page.click("form[action='/account/totp'] button")
    secret = str(await page.evaluate("document.querySelector('details code').textContent"))
    assert await page.evaluate("document.querySelector('.qr svg').getBoundingClientRect().width")
    await page.fill("#code", codes(secret))
    await page.click("form button.primary")
    kept = await page.evaluate(
        "[...document.querySelectorAll('.codes code')].map((one) => one.textContent)"
    )
    assert len(kept) == 10, await page.text()
    await page.click("a.button")
    return secret, kept


async def add_passkey(page: Page, name: str) -> None:
    """Add a passkey of the tab's authenticator on the account page."""
    await page.fill("#new-passkey", name)
    await page.click("[data-passkey=create] button")
    assert name in await page.text()


async def leave(page: Page, origin: str) -> None:
    """Sign out."""
    await page.goto(f"{origin}/sign-out")
    await page.click("form button.primary")
    await page.goto(f"{origin}/account")
    assert await page.path() == "/sign-in"


async def come_by_password(page: Page, email: str, code: str) -> None:
    """Sign in with password and code, on the page that asks for it."""
    await page.fill("#email", email)
    await page.fill("#password", PASSWORD)
    await page.click("form button.primary")
    await page.fill("#code", code)
    await page.click("form button.primary")


async def come_by_passkey(page: Page) -> None:
    """Sign in with the passkey of the tab's authenticator, on the page that asks for it."""
    await page.click("[data-passkey=get] button")


def authorization_url(origin: str, **changes: str) -> str:
    """Return where the dashboard sends a browser to get a code."""
    digest = sha256(VERIFIER.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": "heliostat-web",
        "redirect_uri": f"{origin}/",
        "state": "as-sent",
        "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **changes,
    }
    return f"{origin}/oauth/authorize?{urlencode(query)}"


async def code_of(page: Page, origin: str) -> str:
    """Read the code out of the address that the browser was sent to."""
    address = urlsplit(str(await page.evaluate("location.href")))
    back = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert back["state"] == "as-sent", address
    assert back["iss"] == origin
    return back["code"]
