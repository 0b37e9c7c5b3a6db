"""Read and change one's account, end sessions, and register programs, over HTTP."""

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from core.identity import Role
from core.runs import DEFAULT_ORG
from storage.identity import oauth_clients
from tests.identities import add_user
from tests.on_postgres.serve.signed_in import begin_session, token_headers

if TYPE_CHECKING:
    from uuid import UUID

    from serve.services import Services

pytestmark = pytest.mark.postgres


async def signed_in(
    services: "Services", role: Role, email: str = "ada@example.com"
) -> tuple["UUID", dict[str, str]]:
    async with services.pools.system() as conn:
        user_id = await add_user(conn, email, role)
    session = await begin_session(services, user_id)
    return user_id, await token_headers(services, session, role)


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


async def test_a_person_sees_and_renames_itself(
    services: "Services", client: httpx.AsyncClient
) -> None:
    user_id, headers = await signed_in(services, Role.ANALYST)
    told = (await client.get("/v1/account", headers=headers)).json()
    assert (told["user_id"], told["email"], told["role"]) == (
        str(user_id),
        "ada@example.com",
        "analyst",
    )
    assert "books:write" in told["permissions"]
    assert told["factors"]["has_totp"] is False
    assert [one["org_id"] for one in told["organisations"]] == [str(DEFAULT_ORG)]
    renamed = await client.patch("/v1/account", headers=headers, json={"name": " Ada L. "})
    assert renamed.json()["name"] == "Ada L."
    for name in ("", " ", "a" * 101, "a\nb"):
        answer = await client.patch("/v1/account", headers=headers, json={"name": name})
        assert (answer.status_code, code_of(answer)) == (422, "invalid-input"), name


async def test_a_key_learns_what_it_may_do_and_is_no_person(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v1/account")).json()
    assert (told["role"], told["user_id"], told["factors"]) == ("owner", None, None)
    assert told["actor"].startswith("key:")
    for method, path in (("PATCH", "/v1/account"), ("GET", "/v1/sessions")):
        body = {"name": "Key"} if method == "PATCH" else None
        answer = await client.request(method, path, json=body)
        assert (answer.status_code, code_of(answer)) == (403, "person-needed")


async def test_a_session_that_is_ended_is_listed_no_more(
    services: "Services", client: httpx.AsyncClient
) -> None:
    user_id, headers = await signed_in(services, Role.ANALYST)
    other = await begin_session(services, user_id)
    listed = (await client.get("/v1/sessions", headers=headers)).json()["items"]
    assert [one["is_current"] for one in listed].count(True) == 1
    path = f"/v1/sessions/{other.session_id}"
    assert (await client.delete(path, headers=headers)).status_code == 204
    listed = (await client.get("/v1/sessions", headers=headers)).json()["items"]
    assert str(other.session_id) not in str(listed)
    assert (await client.delete(path, headers=headers)).status_code == 404
    _, stranger = await signed_in(services, Role.OWNER, "eve@example.com")
    own = listed[0]["session_id"]
    assert (await client.delete(f"/v1/sessions/{own}", headers=stranger)).status_code == 404


async def test_a_program_is_registered_once_told_its_secret_and_shut_out(
    services: "Services", client: httpx.AsyncClient
) -> None:
    _, headers = await signed_in(services, Role.ADMIN)
    asked = {"name": "Meter", "role": "operator", "scopes": ["runs:read"]}
    made = await client.post("/v1/oauth-clients", headers=headers, json=asked)
    assert made.status_code == 201, made.text
    told = made.json()
    credentials = (told["client_id"], told["secret"])
    form = {"grant_type": "client_credentials"}
    token = await client.post("/oauth/token", data=form, auth=credentials)
    assert token.status_code == 200, token.text
    bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
    assert (await client.get("/v1/runs", headers=bearer)).status_code == 200
    assert (await client.get("/v1/products", headers=bearer)).status_code == 403
    listed = (await client.get("/v1/oauth-clients", headers=headers)).text
    assert told["client_id"] in listed
    assert told["secret"] not in listed
    path = f"/v1/oauth-clients/{told['client_id']}"
    assert (await client.delete(path, headers=headers)).status_code == 204
    again = await client.post("/oauth/token", data=form, auth=credentials)
    assert again.status_code == 401
    async with services.pools.system() as conn:
        assert await oauth_clients.by_id(conn, told["client_id"]) is None


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "x"},
        {"name": "", "role": "operator"},
        {"name": "x", "role": "operator", "is_public": True},
        {"name": "x", "redirect_uris": ["http://example.com/cb"]},
        {"name": "x", "redirect_uris": ["https://example.com/cb#part"]},
        {"name": "x", "redirect_uris": ["https://user@example.com/cb"]},
        {"name": "x", "redirect_uris": ["javascript:alert(1)"]},
        {"name": "x", "redirect_uris": ["https:///cb"]},
        {"name": "x", "role": "operator", "scopes": ["everything"]},
    ],
)
async def test_a_program_that_could_not_be_trusted_is_refused(
    services: "Services", client: httpx.AsyncClient, asked: dict[str, Any]
) -> None:
    _, headers = await signed_in(services, Role.OWNER)
    answer = await client.post("/v1/oauth-clients", headers=headers, json=asked)
    assert (answer.status_code, code_of(answer)) == (422, "invalid-input"), answer.text


async def test_an_admin_makes_no_program_that_is_an_owner(
    services: "Services", client: httpx.AsyncClient
) -> None:
    _, headers = await signed_in(services, Role.ADMIN)
    asked = {"name": "x", "role": "owner"}
    answer = await client.post("/v1/oauth-clients", headers=headers, json=asked)
    assert (answer.status_code, code_of(answer)) == (403, "forbidden")
