"""Own the page where people see and change what lets them in, and where they sit."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import HeliostatError, InvalidInput, NotFound, NoWayIn
from serve.identity import external, sessions
from serve.identity.sessions import SessionOf
from serve.pages.account_view import account_view
from serve.pages.forms import PageRoute, read_form
from serve.pages.shell import NO_FAULT, Fault, fault_of, page, redirect
from serve.pages.sitting import now_of, seat
from serve.routes.sign_in_pages import provider_label, require_name
from serve.services import Services, ServicesOf
from storage.identity import sessions as stored_sessions
from storage.identity import users
from storage.identity.sessions import Session

router = APIRouter(route_class=PageRoute, include_in_schema=False)

MESSAGES: Mapping[str, str] = {
    "name": "Your name is changed.",
    "password": "Your password is changed, and your other sessions have ended.",
    "totp-removed": "The authenticator app is removed.",
    "passkey": "The passkey is added.",
    "passkey-removed": "The passkey is removed.",
    "identity": "You can sign in from there now.",
    "identity-removed": "Signing in from there is over.",
    "session": "The session has ended.",
    "organisation": "You are in another organisation now.",
}
_FIELDS = frozenset({"name", "current_password", "new_password"})


@router.get("/account")
async def show(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Show the account, and what a form has just changed."""
    done = MESSAGES.get(request.query_params.get("done", ""))
    return await account(request, services, session, message=done)


@router.post("/account/name")
async def rename(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Take a new name."""
    form = await read_form(request)
    name = form.get("name", "").strip()
    try:
        require_name(name)
    except InvalidInput as wrong:
        return await refused(request, services, session, wrong)
    async with services.pools.system() as conn:
        await users.rename(conn, session.user_id, name)
    return done("name")


@router.post("/account/organisation")
async def switch(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Go on in another organisation."""
    form = await read_form(request)
    wanted = uuid_of(form.get("org_id"), "organisation")
    async with services.pools.system() as conn:
        _, cookie = await sessions.switch(conn, session, wanted, now_of(services))
    return seat(request, done("organisation"), cookie)


@router.post("/account/sessions/end")
async def end_session(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """End another session of the same person."""
    form = await read_form(request)
    wanted = uuid_of(form.get("session_id"), "session")
    now = now_of(services)
    async with services.pools.system() as conn:
        own = await stored_sessions.of_user(conn, session.user_id, now)
        if wanted not in {one.session_id for one in own}:
            raise NotFound(what="session", name=str(wanted))
        await sessions.end(conn, wanted, now)
    return done("session")


@router.post("/account/identities/remove")
async def disconnect(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Let an identity elsewhere sign in no more."""
    form = await read_form(request)
    try:
        await external.disconnect(
            services.pools,
            session,
            form.get("issuer", ""),
            form.get("subject", ""),
            now_of(services),
        )
    except NoWayIn as error:
        return await refused(request, services, session, error)
    return done("identity-removed")


def uuid_of(text: str | None, what: str) -> UUID:
    """Read an id of a form.

    Raises:
        NotFound: it is none.
    """
    try:
        return UUID(text or "")
    except ValueError:
        raise NotFound(what=what, name=(text or "")[:40]) from None


def done(what: str) -> Response:
    """Go back to the account page, which tells what was done."""
    return redirect(f"/account?done={what}")


async def refused(
    request: Request, services: Services, session: Session, error: HeliostatError
) -> Response:
    """Show the account page with what was wrong with a form of it."""
    return await account(request, services, session, fault=fault_of(error, _FIELDS))


async def account(
    request: Request,
    services: Services,
    session: Session,
    *,
    fault: Fault = NO_FAULT,
    message: str | None = None,
) -> Response:
    """Show the account page."""
    async with services.pools.system() as conn:
        view = await account_view(conn, session, now_of(services))
    return page(
        request,
        "account.html",
        fault=fault,
        message=message,
        provider=provider_label(request),
        **view,
    )
