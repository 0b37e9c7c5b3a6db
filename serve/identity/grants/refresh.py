"""Own the renewal of tokens: each refresh token once, and whoever brings a spent one ends all."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING

from core.errors import GrantRefused
from serve.identity.grants.clients import Client
from serve.identity.grants.issuing import Issued, Signer, end_family, invalid_grant, of_person
from storage.identity import token_families

if TYPE_CHECKING:
    from storage.pool import WriteConn

_NOT_GOOD = "The refresh token is unknown, used, expired or revoked."


async def renew(
    conn: "WriteConn", client: Client, token: str, scope: str | None, signer: Signer, now: datetime
) -> Issued | GrantRefused:
    """Trade a refresh token for new tokens, or return why not: the end of a family must be kept.

    Raises:
        GrantRefused: nothing was changed.
    """
    family = await token_families.of_token(conn, token)
    if family is None or family.client_id != client.client_id:
        raise invalid_grant(_NOT_GOOD)
    holder = await token_families.holder(conn, family.session_id, now)
    spent_at, revoked_at = await token_families.hold(conn, token)
    if spent_at is not None:
        await end_family(conn, family, "reused", now)
        return invalid_grant(_NOT_GOOD)
    if revoked_at is not None or now >= family.expires_at or holder is None:
        raise invalid_grant(_NOT_GOOD)
    asked = set((scope or "").split(" ")) - {""}
    if not asked <= set(family.scopes):
        raise GrantRefused(error="invalid_scope", reason="A scope was not granted.")
    newer = secrets.token_urlsafe(32)
    issued = of_person(family, holder, asked or family.scopes, newer, signer, now)
    await token_families.spend(conn, token, now)
    await token_families.add_token(conn, family.family_id, newer, now)
    return issued
