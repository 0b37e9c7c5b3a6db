"""Own the pages of sign-in links: who opened one chooses a password or makes a passkey, once."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import SignInFailed
from serve.identity import link_sign_in
from serve.pages.forms import PageRoute, read_form, read_json
from serve.pages.return_to import own_path
from serve.pages.shell import NO_FAULT, Fault, TokenForm, fault_of, page, token_page
from serve.pages.sitting import now_of, seat, user_agent_of
from serve.pages.wording import browser
from serve.routes.sign_in_pages import (
    WAYS_OUT,
    credential_of,
    enter,
    require_name,
    site_of,
    text_of,
    told,
    visitor_of,
)
from serve.services import ServicesOf
from storage.identity import users
from storage.identity.users import User

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_LINK = TokenForm(
    heading="Sign in by link",
    action="/sign-in/link",
    sentence="Your link is good for signing in once.",
    gone="This link was used already, or is too old. Ask for another one.",
)


@router.get("/sign-in/link")
async def show_link(request: Request) -> Response:
    """Take the token behind the # of the address, which only the browser knows."""
    return token_page(request, _LINK)


@router.post("/sign-in/link")
async def open_link(request: Request, services: ServicesOf) -> Response:
    """Ask for a name and a new password, where the link is good."""
    form = await read_form(request)
    token = form.get("token", "").strip()
    try:
        opened = await link_sign_in.open_link(services.pools, token, now_of(services))
    except SignInFailed as error:
        return token_page(request, _LINK, gone_with=error.status)
    return set_up_page(request, opened.user, token, asks_code=opened.has_second_factor)


@router.post("/sign-in/link/password")
async def by_link(request: Request, services: ServicesOf) -> Response:
    """Keep a new password, and sign in by it."""
    form = await read_form(request)
    token, name = form.get("token", "").strip(), form.get("name", "").strip()
    now = now_of(services)
    try:
        opened = await link_sign_in.open_link(services.pools, token, now)
    except SignInFailed as error:
        return token_page(request, _LINK, gone_with=error.status)
    try:
        require_name(name)
        signed_in = await link_sign_in.set_password(
            services.pools,
            services.vault,
            token,
            form.get("password", ""),
            form.get("code"),
            visitor_of(request),
            now,
        )
    except WAYS_OUT as error:
        return set_up_page(
            request,
            opened.user,
            token,
            asks_code=opened.has_second_factor,
            name=name,
            fault=fault_of(error, frozenset({"name", "password", "code"})),
        )
    async with services.pools.system() as conn:
        await users.rename(conn, opened.user.user_id, name)
    return enter(request, signed_in, own_path(None))


@router.post("/sign-in/link/passkey/options")
async def link_passkey_options(request: Request, services: ServicesOf) -> Response:
    """Return what to ask the browser for in place of a password."""
    sent = await read_json(request)
    options = await link_sign_in.passkey_options(
        services.pools, site_of(services), text_of(sent, "token"), now_of(services)
    )
    return told(options)


@router.post("/sign-in/link/passkey")
async def passkey_by_link(request: Request, services: ServicesOf) -> Response:
    """Keep the passkey that the browser made, and sign in by it."""
    sent = await read_json(request)
    signed_in = await link_sign_in.add_passkey(
        services.pools,
        services.vault,
        site_of(services),
        text_of(sent, "token"),
        credential_of(sent),
        text_of(sent, "name"),
        text_of(sent, "code") or None,
        visitor_of(request),
        now_of(services),
    )
    return seat(request, told({"to": own_path(None)}), signed_in.cookie)


def set_up_page(
    request: Request,
    user: User,
    token: str,
    *,
    asks_code: bool = False,
    name: str | None = None,
    fault: Fault = NO_FAULT,
) -> Response:
    """Show the page on which who came by a link chooses a name and a password."""
    return page(
        request,
        "set_up.html",
        fault=fault,
        heading="Choose a password",
        sentence=None,
        action="/sign-in/link/password",
        token=token,
        email=user.email or "",
        name=user.name if name is None else name,
        asks_code=asks_code,
        passkey_name=browser(user_agent_of(request))[:60],
        button="Sign in",
    )
