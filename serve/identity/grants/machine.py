"""Own the grant to a client that speaks for itself."""

from datetime import datetime
from typing import TYPE_CHECKING

import uuid_utils.compat as uuid_utils

from core.audit import AuditEntry
from core.errors import GrantRefused
from serve.identity.grants.clients import Client, scopes_for
from serve.identity.grants.issuing import Issued, Signer, scopes_of_role
from serve.identity.tokens import AccessClaims, mint
from storage.audit import trail

if TYPE_CHECKING:
    from storage.pool import WriteConn


async def issue(
    conn: "WriteConn", client: Client, scope: str | None, signer: Signer, now: datetime
) -> Issued:
    """Return an access token of a client that proved who it is; there is nothing to renew.

    Raises:
        GrantRefused: the client is public or has no role, or asks for more than that gives.
    """
    if client.is_public or client.role is None or client.org_id is None:
        reason = "Only a client with a secret and a role speaks for itself."
        raise GrantRefused(error="unauthorized_client", reason=reason)
    scopes = scopes_of_role(client.role, scopes_for(client, scope))
    claims = AccessClaims(
        issuer=signer.issuer,
        org_id=client.org_id,
        role=client.role,
        client_id=client.client_id,
        scopes=scopes,
        issued_at=now,
        token_id=str(uuid_utils.uuid7()),
    )
    actor = f"client:{client.client_id}"
    entry = AuditEntry(org_id=client.org_id, actor=actor, action="client.signed_in")
    await trail.record(conn, entry, now)
    return Issued(access_token=mint(claims, signer.key), scopes=scopes)
