"""Own the forms of the account page that change what lets a person in."""

from collections.abc import Awaitable
from io import BytesIO
from typing import Any

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response
from webauthn.helpers import base64url_to_bytes

from core.errors import InvalidInput, NotFound, NoWayIn, SignInFailed, SignInThrottled
from serve.identity import account_acts, factor_acts
from serve.identity.factor_acts import TotpProposal
from serve.identity.sessions import SessionOf
from serve.pages.forms import PageRoute, read_form, read_json
from serve.pages.shell import NO_FAULT, Fault, page
from serve.pages.sitting import address_of, now_of
from serve.routes.account_pages import done, refused
from serve.routes.sign_in_pages import credential_of, site_of, text_of, told
from serve.services import Services, ServicesOf
from storage.identity.sessions import Session

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_TOLD_ON_THE_PAGE = (InvalidInput, NoWayIn, SignInFailed, SignInThrottled)


@router.post("/account/password")
async def change_password(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Take a new password; every other session ends."""
    form = await read_form(request)
    act = account_acts.change_password(
        services.pools,
        session,
        form.get("current_password"),
        form.get("new_password", ""),
        address_of(request),
        now_of(services),
    )
    return await _acted(request, services, session, act, "password")


@router.post("/account/totp")
async def propose(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Show the key of a new authenticator app."""
    await read_form(request)
    proposal = await factor_acts.propose_totp(
        services.pools, services.vault, session, now_of(services)
    )
    return _proposal_page(request, proposal)


@router.post("/account/totp/confirm")
async def confirm(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Take the first code of an app, and show the recovery codes."""
    form = await read_form(request)
    now = now_of(services)
    try:
        codes = await factor_acts.confirm_totp(
            services.pools,
            services.vault,
            session,
            form.get("code", ""),
            address_of(request),
            now,
        )
    except (InvalidInput, SignInThrottled) as error:
        return await refused(request, services, session, error)
    return _codes_page(request, codes)


@router.post("/account/totp/remove")
async def remove_app(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Ask for codes of an app no more."""
    await read_form(request)
    act = factor_acts.remove_totp(services.pools, services.vault, session, now_of(services))
    return await _acted(request, services, session, act, "totp-removed")


@router.post("/account/recovery-codes")
async def renew_codes(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Show new recovery codes in place of the former ones."""
    await read_form(request)
    codes = await factor_acts.replace_recovery_codes(services.pools, session, now_of(services))
    return _codes_page(request, codes)


@router.post("/account/passkeys/options")
async def passkey_options(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Return what to ask the browser for."""
    await read_json(request)
    options = await factor_acts.passkey_options(
        services.pools, site_of(services), session, now_of(services)
    )
    return told(options)


@router.post("/account/passkeys")
async def add_passkey(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Keep the passkey that the browser made."""
    sent = await read_json(request)
    await factor_acts.add_passkey(
        services.pools,
        site_of(services),
        session,
        credential_of(sent),
        text_of(sent, "name"),
        now_of(services),
    )
    return told({"to": "/account?done=passkey"})


@router.post("/account/passkeys/remove")
async def remove_passkey(request: Request, services: ServicesOf, session: SessionOf) -> Response:
    """Forget a passkey."""
    form = await read_form(request)
    given = form.get("credential_id", "")
    try:
        credential_id = base64url_to_bytes(given)
    except ValueError:
        raise NotFound(what="passkey", name=given[:40]) from None
    act = factor_acts.remove_passkey(services.pools, session, credential_id, now_of(services))
    return await _acted(request, services, session, act, "passkey-removed")


async def _acted(
    request: Request, services: Services, session: Session, act: Awaitable[Any], what: str
) -> Response:
    try:
        await act
    except _TOLD_ON_THE_PAGE as error:
        return await refused(request, services, session, error)
    return done(what)


def _proposal_page(request: Request, proposal: TotpProposal, fault: Fault = NO_FAULT) -> Response:
    drawn = BytesIO()
    segno.make(proposal.uri, error="m").save(
        drawn, kind="svg", scale=5, border=2, xmldecl=False, svgns=False, light="#fff"
    )
    # What segno drew holds numbers of ours only.
    qr = Markup(drawn.getvalue().decode())  # noqa: S704
    return page(request, "totp.html", fault=fault, qr=qr, secret=proposal.seed)


def _codes_page(request: Request, codes: tuple[str, ...]) -> Response:
    return page(request, "recovery_codes.html", codes=codes)
