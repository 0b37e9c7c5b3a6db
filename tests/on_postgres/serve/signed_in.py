"""Sign people of tests in without a browser: a session, and the headers of its token."""

from typing import TYPE_CHECKING

import uuid_utils.compat as uuid_utils

from core.clock import utc_from_ns
from core.identity import Role, permissions_of
from core.runs import DEFAULT_ORG
from serve.identity import sessions
from serve.identity.tokens import AccessClaims, mint

if TYPE_CHECKING:
    from uuid import UUID

    from serve.services import Services
    from storage.identity.sessions import Session


async def begin_session(
    services: "Services",
    user_id: "UUID",
    *,
    org_id: "UUID" = DEFAULT_ORG,
    methods: tuple[str, ...] = ("password", "totp"),
) -> "Session":
    """Sign a user in, by a second factor unless told otherwise."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.system() as conn:
        session, _ = await sessions.start(conn, user_id, org_id, methods, "127.0.0.1", "test", now)
    return session


async def token_headers(services: "Services", session: "Session", role: Role) -> dict[str, str]:
    """Return the headers of a new access token of a session, with all that a role may do."""
    now = utc_from_ns(services.clock.now_ns())
    claims = AccessClaims(
        issuer=services.config.origin,
        org_id=session.org_id,
        role=role,
        client_id="heliostat-web",
        scopes=tuple(sorted(one.value for one in permissions_of(role))),
        issued_at=now,
        token_id=str(uuid_utils.uuid7()),
        user_id=session.user_id,
        session_id=session.session_id,
        family_id=uuid_utils.uuid7(),
        methods=session.methods,
        authenticated_at=session.authenticated_at,
    )
    return {"Authorization": f"Bearer {mint(claims, await services.keyring.signing_key(now))}"}
