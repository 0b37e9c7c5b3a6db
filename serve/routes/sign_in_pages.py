"""Own the pages on which people sign in and out: by password, code or passkey."""

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from core.errors import InvalidInput, SignInFailed, SignInNeeded, SignInThrottled
from serve.identity import sessions, sign_in
from serve.identity.passkeys import Site
from serve.identity.sign_in import SecondFactorNeeded, SignedIn, Visitor
from serve.pages.forms import PageRoute, read_form, read_json
from serve.pages.return_to import own_path
from serve.pages.shell import NO_FAULT, Fault, fault_of, page, redirect
from serve.pages.sitting import (
    address_of,
    now_of,
    seat,
    session_cookie_of,
    unseat,
    user_agent_of,
)
from serve.services import Services, ServicesOf

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MESSAGES = {
    "signed-out": "You are signed out.",
    "invitation": "You have joined. Sign in to go on.",
}
WAYS_OUT = (SignInFailed, SignInThrottled, InvalidInput)


@router.get("/sign-in")
async def show(request: Request) -> Response:
    """Ask for address and password, or a passkey."""
    query = request.query_params
    message = MESSAGES.get(query.get("done", ""))
    return sign_in_page(request, own_path(query.get("return_to")), message=message)


@router.post("/sign-in")
async def by_password(request: Request, services: ServicesOf) -> Response:
    """Check a password; who has a second factor is asked for it next."""
    form = await read_form(request)
    return_to, email = own_path(form.get("return_to")), form.get("email", "")
    try:
        step = await sign_in.first_step(
            services.pools, email, form.get("password", ""), visitor_of(request), now_of(services)
        )
    except WAYS_OUT as error:
        return sign_in_page(request, return_to, email=email, fault=fault_of(error, frozenset()))
    if isinstance(step, SecondFactorNeeded):
        return second_step_page(request, step, return_to)
    return enter(request, step, return_to)


@router.post("/sign-in/second")
async def by_code(request: Request, services: ServicesOf) -> Response:
    """Check the code that follows what was proven first."""
    form = await read_form(request)
    return_to, token = own_path(form.get("return_to")), form.get("challenge", "")
    try:
        signed_in = await sign_in.second_step(
            services.pools,
            services.vault,
            token,
            form.get("code", ""),
            visitor_of(request),
            now_of(services),
        )
    except WAYS_OUT as error:
        fault = fault_of(error, frozenset())
        return second_step_page(request, SecondFactorNeeded(token=token), return_to, fault=fault)
    return enter(request, signed_in, return_to)


@router.post("/sign-in/passkey/options")
async def passkey_options(request: Request, services: ServicesOf) -> Response:
    """Return what to ask the browser for."""
    await read_json(request)
    options = await sign_in.passkey_options(services.pools, site_of(services), now_of(services))
    return told(options)


@router.post("/sign-in/passkey")
async def by_passkey(request: Request, services: ServicesOf) -> Response:
    """Check what the browser answered."""
    sent = await read_json(request)
    signed_in = await sign_in.with_passkey(
        services.pools,
        site_of(services),
        credential_of(sent),
        visitor_of(request),
        now_of(services),
    )
    return_to = own_path(text_of(sent, "return_to"))
    return seat(request, told({"to": return_to}), signed_in.cookie)


@router.get("/sign-out")
async def ask_to_leave(request: Request) -> Response:
    """Ask whether the session is to end."""
    return page(request, "sign_out.html")


@router.post("/sign-out")
async def leave(request: Request, services: ServicesOf) -> Response:
    """End the session of this browser with all that came of it."""
    await read_form(request)
    now = now_of(services)
    try:
        async with services.pools.system() as conn:
            session = await sessions.read(conn, session_cookie_of(request), now)
            await sessions.end(conn, session.session_id, now)
    except SignInNeeded:
        pass
    return unseat(request, redirect(f"/sign-in?{urlencode({'done': 'signed-out'})}"))


def sign_in_page(
    request: Request,
    return_to: str,
    *,
    email: str = "",
    message: str | None = None,
    fault: Fault = NO_FAULT,
) -> Response:
    """Show the page that asks who is there."""
    return page(
        request,
        "sign_in.html",
        fault=fault,
        return_to=return_to,
        email=email,
        message=message,
        provider=provider_label(request),
    )


def second_step_page(
    request: Request, step: SecondFactorNeeded, return_to: str, *, fault: Fault = NO_FAULT
) -> Response:
    """Show the page that asks for the code after what was proven first."""
    return page(request, "second_step.html", fault=fault, return_to=return_to, challenge=step.token)


def enter(request: Request, signed_in: SignedIn, return_to: str) -> Response:
    """Send a browser on as who signed in."""
    return seat(request, redirect(return_to), signed_in.cookie)


def visitor_of(request: Request) -> Visitor:
    """Return from where and with what a request comes."""
    return Visitor(address=address_of(request), user_agent=user_agent_of(request))


def site_of(services: Services) -> Site:
    """Return what passkeys of this stack are bound to."""
    return Site(origin=services.config.origin)


def provider_label(request: Request) -> str | None:
    """Return what the provider to sign in at is called; None where there is none."""
    services: Services = request.app.state.services
    return None if services.provider is None else services.provider.label


def told(values: dict[str, Any]) -> JSONResponse:
    """Answer a script of our own page."""
    return JSONResponse(values, headers={"Cache-Control": "no-store"})


def text_of(sent: dict[str, Any], name: str) -> str:
    """Return a text that a script sent, empty where it sent none."""
    value = sent.get(name)
    return value if isinstance(value, str) else ""


def credential_of(sent: dict[str, Any]) -> dict[str, Any]:
    """Return what a browser answered.

    Raises:
        InvalidInput: the script sent no such thing.
    """
    credential = sent.get("credential")
    if not isinstance(credential, dict):
        raise InvalidInput(field="credential", reason="expected an object")
    return credential


def require_name(name: str) -> None:
    """Refuse what is no name of a person.

    Raises:
        InvalidInput: it is empty, too long, or holds what cannot be printed.
    """
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise InvalidInput(field="name", reason="expected 1 to 100 characters")
