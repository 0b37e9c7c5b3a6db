"""Check `heliostat keys`, `members`, `sessions` and `whoami`: what they send and what they tell."""

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

AT = "2026-01-05T12:00:00Z"
KEY = {
    "key_id": "0198f0a0-0000-7000-8000-000000000001",
    "prefix": "hs_live_ab…",
    "name": "notebook",
    "kind": "own",
    "role": "analyst",
    "scopes": ["market:read"],
    "user_id": None,
    "created_by": "user:1",
    "created_at": AT,
    "expires_at": AT,
    "last_used_at": None,
    "revoked_at": None,
}
SECRET = "hs_live_told-once"
INVITATION = {
    "invitation_id": "i-1",
    "email": "ada@example.com",
    "role": "analyst",
    "state": "open",
    "invited_by": "user:1",
    "created_at": AT,
    "expires_at": AT,
}
MEMBER = {
    "user_id": "u-1",
    "email": "a…@example.com",
    "name": "Ada",
    "role": "analyst",
    "joined_at": AT,
    "disabled_at": None,
}
SESSION = {
    "session_id": "s-1",
    "is_current": True,
    "methods": ["password", "totp"],
    "authenticated_at": AT,
    "created_at": AT,
    "last_seen_at": AT,
    "expires_at": AT,
    "address": "127.0.0.1",
    "user_agent": "test",
}


def sent(api: "FakeApi") -> dict[str, Any]:
    body: dict[str, Any] = json.loads(api.requests[-1].content)
    return body


def test_a_new_key_is_told_once(api: "FakeApi") -> None:
    api.on("POST", "/v1/keys", 201, {**KEY, "secret": SECRET})
    result = api.run("keys", "create", "notebook", "--scope", "market:read", "--days", "7")
    assert result.exit_code == 0, result.output
    assert SECRET in result.stdout
    assert sent(api) == {
        "name": "notebook",
        "kind": "own",
        "role": None,
        "scopes": ["market:read"],
        "expires_in_days": 7,
    }
    result = api.run("keys", "create", "x", "--machine", "--role", "analyst", "--json")
    assert json.loads(result.stdout)["secret"] == SECRET
    assert (sent(api)["kind"], sent(api)["role"]) == ("machine", "analyst")


def test_making_a_key_is_not_repeated(api: "FakeApi") -> None:
    api.on_problem("POST", "/v1/keys", 503, "source-unavailable", "later")
    assert api.run("keys", "create", "x").exit_code == 3
    assert len(api.requests) == 1


def test_keys_are_listed_without_secrets(api: "FakeApi") -> None:
    api.on("GET", "/v1/keys", 200, {"items": [KEY]})
    shown = api.run("keys", "list", "--all").stdout
    assert "notebook" in shown
    assert "never" in shown
    assert api.requests[0].url.params["all"] == "true"
    listed = json.loads(api.run("keys", "list", "--json").stdout)
    assert listed["items"] == [KEY]
    assert "all" not in api.requests[1].url.params


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("keys", "revoke", "k-1"), "/v1/keys/k-1"),
        (("sessions", "end", "s-1"), "/v1/sessions/s-1"),
        (("members", "remove", "u-1"), "/v1/members/u-1"),
        (("members", "withdraw", "i-1"), "/v1/invitations/i-1"),
    ],
)
def test_what_is_to_end_is_named_and_a_stranger_told(
    api: "FakeApi", words: tuple[str, ...], path: str
) -> None:
    api.on("DELETE", path, 204, None)
    assert api.run(*words).exit_code == 0
    assert words[-1] in api.run(*words, "--json").stdout
    api.on_problem("DELETE", path, 404, "not-found", "No such thing.")
    result = api.run(*words)
    assert result.exit_code == 5
    assert "No such thing." in result.stderr


def test_an_invitation_is_told_once(api: "FakeApi") -> None:
    link = "https://desk/invitation#token"
    api.on("POST", "/v1/invitations", 201, {**INVITATION, "token": "token", "link": link})
    result = api.run("members", "invite", "ada@example.com", "--role", "analyst")
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == link
    assert sent(api) == {"email": "ada@example.com", "role": "analyst"}
    api.on("GET", "/v1/invitations", 200, {"items": [INVITATION]})
    assert "ada@example.com" in api.run("members", "invitations").stdout
    assert "link" not in api.run("members", "invitations", "--json").stdout


def test_members_are_listed_and_get_roles(api: "FakeApi") -> None:
    api.on("GET", "/v1/members", 200, {"items": [MEMBER]})
    assert "Ada" in api.run("members", "list").stdout
    api.on("PATCH", "/v1/members/u-1", 200, {**MEMBER, "role": "operator"})
    assert "operator" in api.run("members", "role", "u-1", "--role", "operator").stdout
    assert sent(api) == {"role": "operator"}


def test_sessions_are_listed(api: "FakeApi") -> None:
    api.on("GET", "/v1/sessions", 200, {"items": [SESSION]})
    assert "s-1 (this)" in api.run("sessions", "list").stdout
    assert json.loads(api.run("sessions", "list", "--json").stdout)["items"][0] == SESSION


def test_whoami_tells_of_people_and_of_keys(api: "FakeApi") -> None:
    plain = {"actor": "key:1", "org_id": "o-1", "role": "admin", "permissions": ["market:read"]}
    nobody = {"user_id": None, "email": None, "name": None, "organisations": [], "factors": None}
    api.on("GET", "/v1/account", 200, {**plain, **nobody})
    assert "key:1" in api.run("whoami").stdout
    person = {
        "user_id": "u-1",
        "email": "ada@example.com",
        "name": "Ada",
        "organisations": [{"org_id": "o-1", "name": "Desk", "role": "admin"}],
        "factors": {
            "has_password": True,
            "has_totp": True,
            "recovery_codes_left": 9,
            "passkeys": ["Laptop"],
        },
    }
    api.on("GET", "/v1/account", 200, {**plain, **person})
    shown = api.run("whoami").stdout
    assert "ada@example.com" in shown
    assert "password, authenticator app, passkey Laptop" in shown
    assert json.loads(api.run("whoami", "--json").stdout)["name"] == "Ada"


def test_a_person_is_disabled_and_enabled(api: "FakeApi") -> None:
    api.on("POST", "/v1/members/u-1/disable", 200, {**MEMBER, "disabled_at": MEMBER["joined_at"]})
    assert "Ada is disabled." in api.run("members", "disable", "u-1").stdout
    api.on("POST", "/v1/members/u-1/enable", 200, MEMBER)
    assert "Ada may sign in again." in api.run("members", "enable", "u-1").stdout
