"""Own the page on which people come in by an invitation."""

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from core.errors import NotFound
from serve.identity import invitations
from serve.pages.forms import PageRoute, read_form
from serve.pages.shell import TokenForm, page, redirect, token_page
from serve.pages.sitting import now_of
from serve.routes.link_pages import set_up_page
from serve.routes.sign_in_pages import provider_label
from serve.services import ServicesOf
from storage.identity import organisations, sign_in_links, users

router = APIRouter(route_class=PageRoute, include_in_schema=False)

SET_UP_S = 3600
"""Be how long a new member has to choose a password before another link is needed."""
_INVITATION = TokenForm(
    heading="Come in by invitation",
    action="/invitations",
    sentence="You are invited to Heliostat.",
    gone="This invitation was used, withdrawn, or is too old. Ask for another one.",
)


@router.get("/invitations")
async def show(request: Request) -> Response:
    """Take the token behind the # of the address, which only the browser knows."""
    return token_page(request, _INVITATION)


@router.post("/invitations")
async def look(request: Request, services: ServicesOf) -> Response:
    """Show what an invitation is to."""
    form = await read_form(request)
    token = form.get("token", "").strip()
    try:
        async with services.pools.system() as conn:
            invitation = await invitations.peek(conn, token, now_of(services))
            organisation = await organisations.read(conn, invitation.org_id)
    except NotFound:
        return token_page(request, _INVITATION, gone_with=404)
    return page(
        request,
        "invitation.html",
        token=token,
        organisation=organisation.name,
        role=invitation.role.value,
        email=invitation.email,
        provider=provider_label(request),
    )


@router.post("/invitations/accept")
async def accept(request: Request, services: ServicesOf) -> Response:
    """Make a member of who was invited; who is new chooses a password next."""
    form = await read_form(request)
    now = now_of(services)
    try:
        async with services.pools.system() as conn:
            accepted = await invitations.accept(conn, form.get("token", "").strip(), now)
            user = await users.read(conn, accepted.user_id)
            if user.password_hash is not None or not accepted.is_new:
                return redirect(f"/sign-in?{urlencode({'done': 'invitation'})}")
            link = await sign_in_links.create(conn, user.user_id, now, SET_UP_S)
    except NotFound:
        return token_page(request, _INVITATION, gone_with=404)
    return set_up_page(request, user, link)
