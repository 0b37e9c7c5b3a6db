"""Own the page where a person lets in a device that shows a code (RFC 8628)."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import NotFound, SignInThrottled
from core.identity import Permission
from serve.identity import throttle
from serve.identity.grants import clients, device
from serve.identity.sessions import SessionOf
from serve.pages.forms import PageRoute, read_form
from serve.pages.shell import NO_FAULT, Fault, fault_of, page
from serve.pages.sitting import address_of, now_of
from serve.pages.wording import sentences
from serve.services import Services, ServicesOf
from storage.identity import users
from storage.identity.sessions import Session

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_UNKNOWN = "No device waits under this code (any more). Begin again on the device."


@router.get("/device")
async def show(request: Request, session: SessionOf) -> Response:
    """Ask for the code."""
    del session
    return _code_page(request, request.query_params.get("user_code", ""))


@router.post("/device")
async def look(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Show what waits under a code."""
    form = await read_form(request)
    user_code = form.get("user_code", "")
    try:
        return await _decision_page(request, services, session, user_code)
    except NotFound as error:
        return _code_page(request, user_code, _unknown(error))
    except SignInThrottled as error:
        return _code_page(request, user_code, fault_of(error, frozenset()))


@router.post("/device/decide")
async def decide(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Let the device in, or refuse it."""
    form = await read_form(request)
    approved = form.get("decision") == "approve"
    try:
        attempt = await _count(request, services, session)
        async with services.pools.system() as conn:
            await device.decide(
                conn, form.get("user_code", ""), session, approved, now_of(services)
            )
            await throttle.succeeded(conn, attempt)
    except NotFound as error:
        return _code_page(request, "", _unknown(error))
    except SignInThrottled as error:
        return _code_page(request, "", fault_of(error, frozenset()))
    return page(
        request,
        "message.html",
        heading="The device is let in" if approved else "The device is refused",
        sentence="You can go back to it now." if approved else "Nothing was given to it.",
        links=[{"to": "/account", "label": "Your account"}],
    )


async def _decision_page(
    request: Request, services: Services, session: Session, user_code: str
) -> Response:
    attempt = await _count(request, services, session)
    async with services.pools.system() as conn:
        user = await users.read(conn, session.user_id)
        waiting = await device.lookup(conn, user_code, now_of(services))
        if waiting is None:
            raise NotFound(what="device", name=user_code[:20])
        await throttle.succeeded(conn, attempt)
        client = await clients.find(conn, waiting.client_id, services.config.origin)
    return page(
        request,
        "device_decide.html",
        user_code=device.shown_code(waiting.user_code),
        client=waiting.client_id if client is None else client.name,
        user_agent=waiting.user_agent,
        who=user.email or "",
        permissions=sentences(frozenset(map(Permission, waiting.scopes))),
    )


async def _count(request: Request, services: Services, session: Session) -> throttle.Attempt:
    """Count a try: who guesses codes could let a stranger's device in."""
    async with services.pools.system() as conn:
        user = await users.read(conn, session.user_id)
    return await throttle.begin(
        services.pools, "device", user.email or "", address_of(request), now_of(services)
    )


def _code_page(request: Request, user_code: str, fault: Fault = NO_FAULT) -> Response:
    return page(request, "device.html", fault=fault, user_code=user_code[:20])


def _unknown(error: NotFound) -> Fault:
    return Fault(status=error.status, above=None, beside={"user_code": _UNKNOWN})
