"""Own the endpoints that OAuth clients call: tokens, their end, what one is, a device's login."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse

from core.clock import utc_from_ns
from core.errors import ClientRefused, GrantRefused, HeliostatError, Unauthenticated
from serve.identity.access import open_to_all
from serve.identity.grants import authorization, clients, device, machine, refresh
from serve.identity.grants.clients import Client
from serve.identity.grants.issuing import Issued, Signer, end_family
from serve.identity.tokens import ACCESS_TOKEN_S
from serve.problems import document_of
from serve.services import Services, ServicesOf
from storage.identity import token_families

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 20
_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuthRoute(APIRoute):
    """Answer failures as OAuth clients read them, which are problem documents too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except HeliostatError as error:
                return _refusal(error)

        return answered


router = APIRouter(tags=["oauth"], route_class=OAuthRoute)


@router.post("/oauth/token", dependencies=[open_to_all()])
async def issue_tokens(request: Request, services: ServicesOf) -> Response:
    """Trade a code, a device code, a refresh token or a client's secret for tokens."""
    form = await _form(request)
    now = utc_from_ns(services.clock.now_ns())
    signer = Signer(issuer=services.config.origin, key=await services.keyring.signing_key(now))
    async with services.pools.system() as conn:
        client = await _client(conn, request, form, services)
        grant = _required(form, "grant_type")
        if grant not in {clients.CODE, clients.REFRESH, clients.MACHINE, clients.DEVICE}:
            raise GrantRefused(error="unsupported_grant_type", reason="No such grant is given.")
        clients.require_grant(client, grant)
        outcome: Issued | GrantRefused
        if grant == clients.CODE:
            code, redirect_uri, verifier = (
                _required(form, name) for name in ("code", "redirect_uri", "code_verifier")
            )
            outcome = await authorization.exchange(
                conn, client, code, redirect_uri, verifier, signer, now
            )
        elif grant == clients.REFRESH:
            token = _required(form, "refresh_token")
            outcome = await refresh.renew(conn, client, token, form.get("scope"), signer, now)
        elif grant == clients.DEVICE:
            code = _required(form, "device_code")
            outcome = await device.exchange(conn, client, code, signer, now)
        else:
            outcome = await machine.issue(conn, client, form.get("scope"), signer, now)
    if isinstance(outcome, GrantRefused):
        raise outcome
    return _answer(_tokens(outcome))


@router.post("/oauth/revoke", dependencies=[open_to_all()])
async def revoke_token(request: Request, services: ServicesOf) -> Response:
    """End the family of a token of the client; a token nobody knows has ended already."""
    form = await _form(request)
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        client = await _client(conn, request, form, services)
        token = _required(form, "token")
        family = await token_families.of_token(conn, token)
    if family is None:
        try:
            principal = await services.keyring.read(token, now)
        except Unauthenticated:
            return _answer({})
        if principal.family_id is None:
            reason = "Only tokens that came of a person's grant end before their time."
            raise GrantRefused(error="unsupported_token_type", reason=reason)
        async with services.pools.system() as conn:
            family = await token_families.by_id(conn, principal.family_id)
    if family is not None and family.client_id == client.client_id:
        async with services.pools.system() as conn:
            await end_family(conn, family, "revoked-by-client", now)
    return _answer({})


@router.post("/oauth/introspect", dependencies=[open_to_all()])
async def introspect_token(request: Request, services: ServicesOf) -> Response:
    """Tell a client with a secret what an access token of its organisation is good for."""
    form = await _form(request)
    async with services.pools.system() as conn:
        client = await _client(conn, request, form, services)
    if client.is_public:
        raise ClientRefused
    token = _required(form, "token")
    try:
        principal = await services.authenticator.authenticate(f"Bearer {token}")
    except Unauthenticated:
        return _answer({"active": False})
    issued_at, expires_at = principal.issued_at, principal.expires_at
    if principal.org_id != client.org_id or issued_at is None or expires_at is None:
        return _answer({"active": False})
    return _answer(
        {
            "active": True,
            "token_type": "Bearer",
            "iss": services.config.origin,
            "sub": principal.actor,
            "client_id": principal.client_id,
            "scope": " ".join(sorted(principal.permissions)),
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
    )


@router.post("/oauth/device_authorization", dependencies=[open_to_all()])
async def begin_device_login(request: Request, services: ServicesOf) -> Response:
    """Begin the login of a device: it shows a code, a person lets it in elsewhere."""
    form = await _form(request)
    now = utc_from_ns(services.clock.now_ns())
    agent = request.headers.get("user-agent", "")
    async with services.pools.system() as conn:
        client = await _client(conn, request, form, services)
        clients.require_grant(client, clients.DEVICE)
        scopes = clients.scopes_for(client, form.get("scope"))
        waiting = await device.begin(conn, client, scopes, agent, now)
    page = f"{services.config.origin}/device"
    return _answer(
        {
            "device_code": waiting.device_code,
            "user_code": waiting.user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?user_code={waiting.user_code}",
            "expires_in": waiting.expires_in_s,
            "interval": waiting.interval_s,
        }
    )


async def _form(request: Request) -> Mapping[str, str]:
    """Read a form whose fields are text, each given once; the empty ones count as absent.

    Raises:
        GrantRefused: it is none.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise GrantRefused(error="invalid_request", reason=f"Send the parameters as {FORM}.")
    async with request.form(max_fields=MAX_FIELDS, max_files=0) as read:
        fields = read.multi_items()
    form = {name: value for name, value in fields if isinstance(value, str)}
    if len(form) != len(fields) or any("\x00" in value for value in form.values()):
        raise GrantRefused(error="invalid_request", reason="A parameter is given twice or broken.")
    return {name: value for name, value in form.items() if value}


async def _client(
    conn: Any, request: Request, form: Mapping[str, str], services: Services
) -> Client:
    authorization_header = request.headers.get("authorization")
    return await clients.authenticate(conn, authorization_header, form, services.config.origin)


def _required(form: Mapping[str, str], name: str) -> str:
    if name not in form:
        raise GrantRefused(error="invalid_request", reason=f"The parameter {name} is missing.")
    return form[name]


def _tokens(issued: Issued) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_S,
        "scope": " ".join(issued.scopes),
    }
    if issued.refresh_token is not None:
        answer["refresh_token"] = issued.refresh_token
    return answer


def _answer(content: dict[str, Any]) -> Response:
    return JSONResponse(content, headers=_NO_STORE)


def _refusal(error: HeliostatError) -> Response:
    headers = dict(_NO_STORE)
    told = error.context.get("error", "server_error")
    if isinstance(error, ClientRefused):
        told, headers["WWW-Authenticate"] = "invalid_client", 'Basic realm="oauth"'
    elif error.status == 503:
        told, headers["Retry-After"] = "temporarily_unavailable", "1"
    document = {**document_of(error), "error": told, "error_description": error.detail}
    return JSONResponse(document, status_code=error.status, headers=headers)
