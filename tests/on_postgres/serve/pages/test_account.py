"""Use the account page's forms as a browser sends them, and as other sites cannot."""

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import pytest

from core.identity import Role
from core.runs import DEFAULT_ORG
from serve.api import create_api
from serve.identity import sessions
from storage.identity import memberships
from tests.identities import OTHER_ORG, add_user
from tests.on_postgres.serve.conftest import held

if TYPE_CHECKING:
    from serve.services import Services
    from storage.identity.sessions import Session

pytestmark = pytest.mark.postgres


@pytest.fixture
async def seated(services: "Services") -> tuple["Session", str]:
    """Sign a member of two organisations in; return the session and its cookie."""
    now = services.clock.now_ns()
    async with services.pools.system() as conn:
        user_id = await add_user(conn, "ada@example.com", Role.ANALYST)
        await add_user(conn, "other@example.com", Role.OWNER, OTHER_ORG)
        moment = await conn.fetchval("SELECT to_timestamp($1::bigint / 1e9)", now)
        await memberships.add(conn, OTHER_ORG, user_id, Role.READ_ONLY, moment)
        return await sessions.start(
            conn, user_id, DEFAULT_ORG, ("password", "totp"), "127.0.0.1", "test", moment
        )


@pytest.fixture
async def browser(
    services: "Services", seated: tuple["Session", str]
) -> AsyncIterator[httpx.AsyncClient]:
    async def opened() -> "Services":
        return services

    app = held(create_api(services.config, opened), services)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=services.config.origin,
        cookies={"heliostat": seated[1]},
    ) as client:
        yield client


async def form_token(browser: httpx.AsyncClient) -> str:
    page = await browser.get("/account")
    assert page.status_code == 200, page.text
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


async def test_who_is_not_signed_in_is_sent_to_the_page_for_it(browser: httpx.AsyncClient) -> None:
    browser.cookies.clear()
    answer = await browser.get("/account")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in?return_to=%2Faccount",
    )


async def test_a_person_goes_on_in_another_organisation_and_the_former_session_is_over(
    browser: httpx.AsyncClient, services: "Services", seated: tuple["Session", str]
) -> None:
    sent = {"form_token": await form_token(browser), "org_id": str(OTHER_ORG)}
    answer = await browser.post("/account/organisation", data=sent)
    assert answer.headers["location"] == "/account?done=organisation"
    new = answer.cookies["heliostat"]
    assert new != seated[1]
    visit = browser.cookies["heliostat-visit"]
    browser.cookies = httpx.Cookies({"heliostat": new, "heliostat-visit": visit})
    page = await browser.get("/account?done=organisation")
    assert "You are in another organisation now." in page.text
    async with services.pools.system() as conn:
        rows = await conn.fetch("SELECT org_id, ended_at IS NULL AS is_open FROM sessions")
    assert {(row["org_id"], row["is_open"]) for row in rows} == {
        (DEFAULT_ORG, False),
        (OTHER_ORG, True),
    }


async def test_nobody_goes_where_they_do_not_belong(browser: httpx.AsyncClient) -> None:
    token = await form_token(browser)
    for org_id in (str(UUID(int=5)), "mine", ""):
        sent = {"form_token": token, "org_id": org_id}
        answer = await browser.post("/account/organisation", data=sent)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}],
)
async def test_a_form_of_another_site_changes_nothing(
    browser: httpx.AsyncClient, services: "Services", headers: dict[str, str]
) -> None:
    sent = {"form_token": await form_token(browser), "name": "Eve"}
    answer = await browser.post("/account/name", data=sent, headers=headers)
    assert answer.status_code == 403
    without = await browser.post("/account/name", data={"name": "Eve"})
    assert without.status_code == 403
    async with services.pools.system() as conn:
        assert "Eve" not in [row["name"] for row in await conn.fetch("SELECT name FROM users")]


async def test_a_name_is_changed_and_a_bad_one_is_told_beside_its_field(
    browser: httpx.AsyncClient,
) -> None:
    token = await form_token(browser)
    good = await browser.post("/account/name", data={"form_token": token, "name": "Ada L."})
    assert good.headers["location"] == "/account?done=name"
    bad = await browser.post("/account/name", data={"form_token": token, "name": "a" * 101})
    assert (bad.status_code, "Expected 1 to 100 characters." in bad.text) == (422, True)


async def test_pages_are_kept_nowhere_and_run_no_foreign_script(
    browser: httpx.AsyncClient,
) -> None:
    for path in ("/account", "/sign-in", "/sign-in/link", "/sign-out", "/device", "/step-up"):
        answer = await browser.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-store"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
