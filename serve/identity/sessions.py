"""Own the session of a browser: how it begins, how its cookie is read, how it ends."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import uuid_utils.compat as uuid_utils
from fastapi import Depends, Request

from core.clock import utc_from_ns
from core.errors import NotFound, SignInNeeded
from storage.identity import endings, memberships
from storage.identity import sessions as stored
from storage.identity.sessions import ABSOLUTE, Session

if TYPE_CHECKING:
    from serve.services import Services
    from storage.pool import WriteConn

SEEN_EACH = timedelta(minutes=1)
"""Be how exactly it is kept when a session was last seen."""
MAX_COOKIE_CHARS = 100


def cookie_name(origin: str) -> str:
    """Return the name of the cookie; browsers bind `__Host-` to one host, over TLS only."""
    return "__Host-heliostat" if origin.startswith("https:") else "heliostat"


async def start(
    conn: "WriteConn",
    user_id: UUID,
    org_id: UUID,
    methods: tuple[str, ...],
    address: str,
    user_agent: str,
    now: datetime,
) -> tuple[Session, str]:
    """Begin a session and return it with its cookie, which is told only now."""
    session = Session(
        session_id=uuid_utils.uuid7(),
        user_id=user_id,
        org_id=org_id,
        methods=methods,
        authenticated_at=now,
        created_at=now,
        last_seen_at=now,
        expires_at=now + ABSOLUTE,
        address=address,
        user_agent=user_agent,
    )
    cookie = secrets.token_urlsafe(32)
    await stored.create(conn, session, cookie)
    return session, cookie


async def switch(
    conn: "WriteConn", session: Session, org_id: UUID, now: datetime
) -> tuple[Session, str]:
    """Go on in another organisation of the same person; tokens of the former one end.

    Proves nothing anew: who must have proved lately who they are does so there again.

    Raises:
        NotFound: the person does not belong to it.
    """
    if await memberships.role_of(conn, org_id, session.user_id) is None:
        raise NotFound(what="organisation", name=str(org_id))
    switched = replace(session, session_id=uuid_utils.uuid7(), org_id=org_id)
    cookie = secrets.token_urlsafe(32)
    await stored.create(conn, switched, cookie)
    await end(conn, session.session_id, now)
    return switched, cookie


async def read(conn: "WriteConn", cookie: str | None, now: datetime) -> Session:
    """Return the session of a cookie and note that it was seen.

    Raises:
        SignInNeeded: there is no such session (any more).
    """
    if not cookie or len(cookie) > MAX_COOKIE_CHARS:
        raise SignInNeeded
    session = await stored.by_cookie(conn, cookie, now)
    if session is None:
        raise SignInNeeded
    if now - session.last_seen_at >= SEEN_EACH:
        await stored.touch(conn, session.session_id, now)
    return session


async def end(conn: "WriteConn", session_id: UUID, now: datetime) -> bool:
    """End a session with its tokens, and tell whether it was still open."""
    return await endings.end_session(conn, session_id, now, "signed-out")


async def session_of(request: Request) -> Session:
    """Return the session of a request's cookie.

    Raises:
        SignInNeeded: nobody is signed in there.
    """
    services: Services = request.app.state.services
    cookie = request.cookies.get(cookie_name(services.config.origin))
    if not cookie:
        raise SignInNeeded
    async with services.pools.system() as conn:
        return await read(conn, cookie, utc_from_ns(services.clock.now_ns()))


SessionOf = Annotated[Session, Depends(session_of)]
