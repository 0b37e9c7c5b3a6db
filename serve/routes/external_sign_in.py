"""Own the ways to an OpenID Connect provider and back: to sign in, to connect, to come in."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import (
    BadFrame,
    HeliostatError,
    IdentityRefused,
    NotFound,
    SignInFailed,
    SignInNeeded,
    SourceUnavailable,
)
from core.logs import get_logger
from integrations.oidc.client import OidcClient
from serve.identity import external
from serve.identity.external import Brought, Errand
from serve.identity.sessions import SessionOf, session_of
from serve.identity.sign_in import SecondFactorNeeded
from serve.pages.forms import PageRoute, read_form
from serve.pages.return_to import own_path
from serve.pages.shell import Fault, fault_of, page, redirect, visit_of
from serve.pages.sitting import now_of
from serve.routes.sign_in_pages import enter, second_step_page, sign_in_page, visitor_of
from serve.services import Services, ServicesOf
from storage.identity.sessions import Session

router = APIRouter(route_class=PageRoute, include_in_schema=False)
log = get_logger(__name__)

BACK_PATH = "/sign-in/external/done"


@router.get("/sign-in/external")
async def begin(request: Request, services: ServicesOf) -> Response:
    """Send a browser to the provider; what it brings back signs it in."""
    return_to = own_path(request.query_params.get("return_to"))
    if visit_of(request) is None:  # what comes back is told by the cookie that the page sets
        return redirect(f"/sign-in?{urlencode({'return_to': return_to})}")
    try:
        address = await _address(request, services, Errand(return_to=return_to))
    except (SourceUnavailable, BadFrame) as error:
        return _not_there(request, services, error, return_to)
    return redirect(address)


@router.post("/account/identities")
async def connect(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Let who is signed in prove who they are at the provider, which then signs them in too."""
    await read_form(request)
    errand = await external.connect_errand(services.pools, session, now_of(services))
    return await _way_there(request, services, errand)


@router.post("/invitations/external")
async def join(request: Request, services: ServicesOf) -> Response:
    """Let who is invited prove at the provider that the address is theirs."""
    form = await read_form(request)
    token = form.get("token", "").strip()
    errand = await external.invitation_errand(services.pools, token, now_of(services))
    return await _way_there(request, services, errand)


@router.get(BACK_PATH)
async def come_back(request: Request, services: ServicesOf) -> Response:
    """Take a browser back from the provider."""
    query, home = request.query_params, own_path(None)
    visit = visit_of(request)
    if visit is None or not {"state", "code"} <= set(query):
        return sign_in_page(request, home, fault=fault_of(SignInFailed(), frozenset()))
    try:
        arrived = await external.complete(
            services.pools,
            _provider(services),
            _redirect_uri(services),
            Brought(state=query["state"], code=query["code"]),
            visit,
            await _session_or_none(request),
            visitor_of(request),
            now_of(services),
        )
    except (SignInFailed, IdentityRefused, NotFound) as error:
        return sign_in_page(request, home, fault=fault_of(error, frozenset()))
    except (SourceUnavailable, BadFrame) as error:
        return _not_there(request, services, error, home)
    if arrived.step is None:
        return redirect(arrived.return_to)
    if isinstance(arrived.step, SecondFactorNeeded):
        return second_step_page(request, arrived.step, arrived.return_to)
    return enter(request, arrived.step, arrived.return_to)


async def _way_there(request: Request, services: Services, errand: Errand) -> Response:
    """Show a link to the provider: our pages' forms may end at our own address only."""
    label = _provider(services).label
    return page(
        request,
        "message.html",
        heading=f"Go on at {label}",
        sentence=f"{label} asks who you are, and sends you back here.",
        links=[{"to": await _address(request, services, errand), "label": f"Go to {label}"}],
    )


async def _address(request: Request, services: Services, errand: Errand) -> str:
    return await external.begin(
        services.pools,
        _provider(services),
        _redirect_uri(services),
        visit_of(request) or "",
        errand,
        now_of(services),
    )


def _provider(services: Services) -> OidcClient:
    if services.provider is None:
        raise NotFound(what="provider", name="to sign in at")
    return services.provider


def _redirect_uri(services: Services) -> str:
    return f"{services.config.origin}{BACK_PATH}"


async def _session_or_none(request: Request) -> Session | None:
    try:
        return await session_of(request)
    except SignInNeeded:
        return None


def _not_there(
    request: Request, services: Services, error: HeliostatError, return_to: str
) -> Response:
    """Tell people that the provider fails, and operators how."""
    log.warning("the provider to sign in at fails", reason=error.detail)
    label = _provider(services).label
    sentence = f"Signing in at {label} does not work now. Try again, or sign in another way."
    return sign_in_page(
        request, return_to, fault=Fault(status=error.status, above=sentence, beside={})
    )
