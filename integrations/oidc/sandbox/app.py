"""Own the sandbox's application: anyone signs in as anyone, and tokens can be spoilt on request."""

import secrets
from base64 import b64decode
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import unquote, urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.clock import NANOSECONDS_PER_SECOND, Clock
from integrations.oidc.codec import DISCOVERY_PATH, challenge_of
from integrations.sandbox_frames import dripped
from integrations.sandbox_kit import FaultSwitch, fault_routes

WRONG_NONCE = "wrong_nonce"
WRONG_ISSUER = "wrong_issuer"
WRONG_AUDIENCE = "wrong_audience"
OTHER_PRESENTER = "other_presenter"
BAD_SIGNATURE = "bad_signature"
SECRET_SIGNATURE = "secret_signature"  # noqa: S105 - the name of a fault
EXPIRED_TOKEN = "expired_token"  # noqa: S105 - the name of a fault
UNVERIFIED_EMAIL = "unverified_email"
NEW_KEY = "new_key"
TOKEN_FAULTS = (
    WRONG_NONCE,
    WRONG_ISSUER,
    WRONG_AUDIENCE,
    OTHER_PRESENTER,
    BAD_SIGNATURE,
    SECRET_SIGNATURE,
    EXPIRED_TOKEN,
)
_LIFE_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """Set up a sandbox: the one client that it knows."""

    client_id: str
    client_secret: str
    clock: Clock


class OidcSandbox:
    """Answer as a provider does; who signs in is whoever the page is told.

    Set `issuer` to its own address before the first question.
    """

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._codes: dict[str, dict[str, str]] = {}
        self._keys = [_new_key()]
        self._asked: dict[str, int] = {}
        self.issuer = ""
        self.faults = FaultSwitch(*TOKEN_FAULTS, UNVERIFIED_EMAIL, NEW_KEY)

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route(DISCOVERY_PATH, self._discovery),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/jwks", self._jwks),
                fault_routes(self.faults, lambda: {"asked": self._asked}),
            ]
        )

    async def _discovery(self, request: Request) -> Response:
        return self._answer(
            request,
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
            },
        )

    async def _jwks(self, request: Request) -> Response:
        return self._answer(request, KeySet(list(self._keys)).as_dict(private=False))

    async def _authorize(self, request: Request) -> Response:
        """Ask who signs in, or send the browser back with a code for `person`."""
        query = dict(request.query_params)
        if query.get("client_id") != self._config.client_id or "redirect_uri" not in query:
            return HTMLResponse("This client is unknown here.", status_code=400)
        person = query.pop("person", "")
        if not person:
            return HTMLResponse(_page(query))
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**query, "email": person}
        back = {"code": code, "state": query.get("state", ""), "iss": self.issuer}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", status_code=303)

    async def _token(self, request: Request) -> Response:
        if not self._knows(request.headers.get("authorization", "")):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        form = await request.form()
        asked = self._codes.pop(str(form.get("code", "")), None)
        if (
            asked is None
            or asked.get("redirect_uri") != form.get("redirect_uri")
            or asked.get("code_challenge") != challenge_of(str(form.get("code_verifier", "")))
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        token = self._id_token(asked)
        answer = {"access_token": "unused", "token_type": "Bearer", "id_token": token}
        return self._answer(request, answer)

    def _knows(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        name, _, secret = b64decode(encoded).decode().partition(":")
        wanted = (self._config.client_id, self._config.client_secret)
        return (unquote(name), unquote(secret)) == wanted

    def _id_token(self, asked: dict[str, str]) -> str:
        take = self.faults.take
        now_s = self._config.clock.now_ns() // NANOSECONDS_PER_SECOND
        client_id = self._config.client_id
        expired = take(EXPIRED_TOKEN)
        claims: dict[str, Any] = {
            "iss": "https://elsewhere.example" if take(WRONG_ISSUER) else self.issuer,
            "sub": f"sandbox|{asked['email']}",
            "aud": "another-client" if take(WRONG_AUDIENCE) else client_id,
            "iat": now_s - 2 * _LIFE_S if expired else now_s,
            "exp": now_s - _LIFE_S if expired else now_s + _LIFE_S,
            "nonce": "another" if take(WRONG_NONCE) else asked.get("nonce", ""),
            "email": asked["email"],
            "email_verified": not take(UNVERIFIED_EMAIL),
            "name": asked["email"].partition("@")[0].title(),
        }
        if take(OTHER_PRESENTER):
            claims |= {"aud": [client_id, "another-client"], "azp": "another-client"}
        return self._signed(claims)

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.faults.take(NEW_KEY):
            self._keys.append(_new_key())
        key = self._keys[-1]
        if self.faults.take(SECRET_SIGNATURE):
            # A verifier that lets the token choose takes the public key for a shared secret.
            shared = OctKey.import_key(key.as_pem(private=False)[27:-25])
            return jwt.encode({"alg": "HS256", "kid": key.kid}, claims, shared)
        signer = _new_key() if self.faults.take(BAD_SIGNATURE) else key
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, signer)

    def _answer(self, request: Request, document: Any) -> Response:
        path = request.url.path
        self._asked[path] = self._asked.get(path, 0) + 1
        status = self.faults.http_status()
        if status is not None:
            return JSONResponse({"error": "temporarily_unavailable"}, status_code=status)
        answer = JSONResponse(document)
        if self.faults.take("garbage_frame"):
            return Response(b"\xff\xfe" + bytes(answer.body)[::-1], media_type="application/json")
        return dripped(answer) if self.faults.take("slow_drip") else answer


def _new_key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


def _page(query: dict[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in query.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox provider</title>'
        '<link rel="icon" href="data:,">'
        '<form action="/authorize"><h1>Sandbox provider</h1><p>Nobody is asked for proof here.</p>'
        f"{hidden}<label>Email <input name='person' type='email' required></label> "
        "<button>Sign in</button></form></html>"
    )
