"""Make people who signed in, as the front door sees them, and clients that speak for them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import httpx
import uuid_utils.compat as uuid_utils

from core.clock import utc_from_ns
from core.errors import Unauthenticated
from core.identity import Principal, Role, permissions_of
from core.runs import DEFAULT_ORG
from serve.api import create_api
from serve.identity.authenticator import Authenticator
from serve.services import Services
from storage.identity import sessions
from storage.identity.sessions import Session
from tests.identities import add_user

if TYPE_CHECKING:
    from storage.pool import WriteConn

STRONG = ("password", "totp")


@dataclass
class ToldTokens:
    """Read the tokens that a test put in."""

    principals: dict[str, Principal] = field(default_factory=dict)

    async def read(self, token: str, _now: datetime) -> Principal:
        if token not in self.principals:
            raise Unauthenticated
        return self.principals[token]


@dataclass
class People:
    """Add people with a session, and speak for them over HTTP, through the real authenticator."""

    services: Services
    tokens: ToldTokens
    stack: AsyncExitStack

    @property
    def now(self) -> datetime:
        return utc_from_ns(self.services.clock.now_ns())

    async def join(
        self,
        role: Role,
        name: str = "ada",
        *,
        org_id: UUID = DEFAULT_ORG,
        proved_ago_s: float = 1.0,
        methods: tuple[str, ...] = STRONG,
    ) -> "Person":
        async with self.services.pools.system() as conn:
            user_id = await add_user(conn, f"{name}@example.com", role, org_id)
        return await self.sign_in(user_id, role, org_id, proved_ago_s, methods)

    async def sign_in(
        self,
        user_id: UUID,
        role: Role,
        org_id: UUID = DEFAULT_ORG,
        proved_ago_s: float = 1.0,
        methods: tuple[str, ...] = STRONG,
    ) -> "Person":
        at = self.now - timedelta(seconds=proved_ago_s)
        session_id = uuid_utils.uuid7()
        async with self.services.pools.system() as conn:
            await add_session(conn, session_id, user_id, org_id, at, methods)
        token = f"token-of-{session_id}"
        self.tokens.principals[token] = Principal(
            org_id=org_id,
            actor=f"user:{user_id}",
            role=role,
            permissions=permissions_of(role),
            user_id=user_id,
            session_id=session_id,
            authenticated_at=at,
            methods=methods,
            issued_at=at,
        )
        client = await self.speak({"Authorization": f"Bearer {token}"})
        return Person(user_id, session_id, client)

    async def speak(self, headers: dict[str, str]) -> httpx.AsyncClient:
        async def opened() -> Services:
            return self.services

        app = create_api(self.services.config, opened)
        app.state.services = self.services
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://edge", headers=headers
        )
        return await self.stack.enter_async_context(client)


@dataclass(frozen=True, slots=True)
class Person:
    """Hold one person with a session and a client that speaks for it."""

    user_id: UUID
    session_id: UUID
    client: httpx.AsyncClient


async def add_session(
    conn: "WriteConn",
    session_id: UUID,
    user_id: UUID,
    org_id: UUID,
    at: datetime,
    methods: tuple[str, ...] = STRONG,
) -> None:
    """Keep a session of a browser."""
    session = Session(
        session_id=session_id,
        user_id=user_id,
        org_id=org_id,
        methods=methods,
        authenticated_at=at,
        created_at=at,
        last_seen_at=at,
        expires_at=at + timedelta(days=14),
        address="192.0.2.7",
        user_agent="a browser",
    )
    await sessions.create(conn, session, f"cookie-of-{session_id}")


@asynccontextmanager
async def meeting(services: Services) -> AsyncIterator[People]:
    """Open a place where people and keys may speak."""
    tokens = ToldTokens()
    authenticator = Authenticator(services.pools, services.clock, tokens)
    services.background.start(authenticator.run())
    async with AsyncExitStack() as stack:
        yield People(replace(services, authenticator=authenticator), tokens, stack)
