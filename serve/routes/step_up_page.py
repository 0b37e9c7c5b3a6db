"""Own the page on which a person proves again who they are, before a dangerous act."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import InvalidInput, SignInFailed, SignInThrottled
from serve.identity import step_up
from serve.identity.account_acts import ways_in
from serve.identity.sessions import SessionOf
from serve.pages.forms import PageRoute, read_form, read_json
from serve.pages.return_to import own_path
from serve.pages.shell import NO_FAULT, Fault, fault_of, page, redirect
from serve.pages.sitting import address_of, now_of
from serve.routes.sign_in_pages import (
    credential_of,
    provider_label,
    site_of,
    text_of,
    told,
)
from serve.services import Services, ServicesOf
from storage.identity import users
from storage.identity.sessions import Session

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/step-up")
async def show(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Ask for what the person has."""
    return await _page(request, services, session, own_path(request.query_params.get("return_to")))


@router.post("/step-up")
async def by_code(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Check password and code, as far as the form asked for them."""
    form = await read_form(request)
    return_to, address, now = own_path(form.get("return_to")), address_of(request), now_of(services)
    try:
        if "password" in form:
            session = await step_up.with_password(
                services.pools, session, form["password"], address, now
            )
        if "code" in form:
            await step_up.with_code(
                services.pools, services.vault, session, form["code"], address, now
            )
    except (SignInFailed, SignInThrottled, InvalidInput) as error:
        fault = fault_of(error, frozenset())
        return await _page(request, services, session, return_to, fault)
    return redirect(return_to)


@router.post("/step-up/passkey/options")
async def passkey_options(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Return what to ask the browser for."""
    await read_json(request)
    options = await step_up.passkey_options(
        services.pools, site_of(services), session, now_of(services)
    )
    return told(options)


@router.post("/step-up/passkey")
async def by_passkey(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Check what the browser answered."""
    sent = await read_json(request)
    await step_up.with_passkey(
        services.pools, site_of(services), session, credential_of(sent), now_of(services)
    )
    return told({"to": own_path(text_of(sent, "return_to"))})


async def _page(
    request: Request,
    services: Services,
    session: Session,
    return_to: str,
    fault: Fault = NO_FAULT,
) -> Response:
    async with services.pools.system() as conn:
        user = await users.read(conn, session.user_id)
        ways = await ways_in(conn, session.user_id)
    return page(
        request,
        "step_up.html",
        fault=fault,
        return_to=return_to,
        email=user.email or "",
        has_password=ways.has_password,
        # A password alone is all that some have: it proves anew what it proved before.
        has_code=ways.has_totp,
        has_passkey=ways.passkeys > 0,
        provider=provider_label(request) if ways.identities else None,
    )
