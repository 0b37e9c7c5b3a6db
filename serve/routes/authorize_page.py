"""Own the page where a person lets a program act for them (RFC 6749, section 4.1)."""

from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.clock import utc_from_ns
from core.errors import InvalidInput
from core.identity import Permission
from serve.identity.grants import authorization, clients
from serve.identity.grants.authorization import AuthorizationRequest, ErrorRedirect
from serve.identity.sessions import SessionOf
from serve.pages.forms import PageRoute, read_form
from serve.pages.shell import page, redirect
from serve.pages.wording import sentences
from serve.services import Services, ServicesOf
from storage.identity import users
from storage.identity.sessions import Session

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/oauth/authorize")
async def show(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Send the browser back with a code: at once to our own programs, to others after a yes."""
    asked = await _asked(services, request.query_params.multi_items())
    if isinstance(asked, ErrorRedirect):
        return redirect(asked.location)
    if not asked.client.needs_consent:
        return await _approve(services, asked, session)
    async with services.pools.system() as conn:
        user = await users.read(conn, session.user_id)
    return page(
        request,
        "consent.html",
        form_goes_to=asked.redirect_uri,
        client=asked.client.name,
        who=user.email or "",
        goes_to=asked.redirect_uri,
        permissions=sentences(frozenset(map(Permission, asked.scopes))),
        query=urlencode(request.query_params.multi_items()),
    )


@router.post("/oauth/authorize")
async def decide(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Send the browser back with a code, or with a no."""
    form = await read_form(request)
    asked = await _asked(services, parse_qsl(form.get("query", ""), keep_blank_values=True))
    if isinstance(asked, ErrorRedirect):
        return redirect(asked.location)
    if form.get("decision") != "approve":
        return redirect(authorization.deny(asked, services.config.origin))
    return await _approve(services, asked, session)


async def _asked(
    services: Services, query: list[tuple[str, str]]
) -> AuthorizationRequest | ErrorRedirect:
    client_id = dict(query).get("client_id", "")
    if not client_id:
        raise InvalidInput(field="client_id", reason="it is missing")
    origin = services.config.origin
    async with services.pools.system() as conn:
        client = await clients.find(conn, client_id, origin)
    return authorization.read_request(query, client, origin)


async def _approve(services: Services, asked: AuthorizationRequest, session: Session) -> Response:
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        address = await authorization.approve(conn, asked, session, services.config.origin, now)
    return redirect(address)
