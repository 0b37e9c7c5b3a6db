"""Own the sandbox's account: its API key, the tokens made from it, and its one instance."""

import base64
import json
import secrets
from typing import Any
from uuid import uuid4

from integrations.ibm.config import SANDBOX_INSTANCE

PLAN_ID = "sandbox-plan"


class Account:
    """Give tokens for the key, and tell whether a header carries one; None accepts every key."""

    def __init__(self, api_key: str | None, lifetime_s: int) -> None:
        self._api_key = api_key
        self._lifetime_s = lifetime_s
        self._expires_s: dict[str, int] = {}

    def token(self, api_key: str, now_s: int) -> dict[str, Any] | None:
        """Return a new token, None for a wrong key."""
        if not self._knows(api_key):
            return None
        expires_s = now_s + self._lifetime_s
        claims = {"iat": now_s, "exp": expires_s, "jti": uuid4().hex, "iam_id": "IBMid-sandbox"}
        head = {"alg": "none", "typ": "JWT"}
        token = ".".join((_encoded(head), _encoded(claims), "c2FuZGJveA"))
        self._expires_s[token] = expires_s
        return {
            "access_token": token,
            "refresh_token": "not_supported",
            "token_type": "Bearer",
            "expires_in": self._lifetime_s,
            "expiration": expires_s,
            "scope": "ibm openid",
        }

    def admits(self, authorization: str, now_s: int) -> bool:
        """Tell whether a header names a token that has not expired, or the key itself."""
        kind, _, value = authorization.partition(" ")
        if kind.lower() == "apikey":
            return self._knows(value)
        return kind.lower() == "bearer" and self._expires_s.get(value, 0) > now_s

    def _knows(self, api_key: str) -> bool:
        known = self._api_key
        return known is None or secrets.compare_digest(api_key.encode(), known.encode())


def found_instances() -> dict[str, Any]:
    """Return the answer of the search for instances."""
    item = {
        "crn": SANDBOX_INSTANCE,
        "name": "sandbox",
        "service_plan_unique_id": PLAN_ID,
        "tags": [],
        "doc": {"extensions": [{"name": "sandbox"}]},
    }
    return {"items": [item], "limit": 100}


def catalog_entry() -> dict[str, Any]:
    """Return the catalogue's entry of the instance's plan."""
    return {
        "id": PLAN_ID,
        "overview_ui": {"en": {"display_name": "Open"}},
        "metadata": {"pricing": {"type": "free"}},
    }


def _encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
