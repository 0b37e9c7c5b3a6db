"""Serve both applications on an origin of their own, as a stack does, with people to let in."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import uvicorn

from core.clock import ShiftedClock, utc_from_ns
from core.identity import Role
from core.runs import DEFAULT_ORG
from serve.api import create_api
from serve.identity.authenticator import Authenticator
from serve.identity.keyring import Keyring
from serve.services import Services
from storage.identity import memberships, sign_in_links, users


@dataclass
class House:
    """Hold where the pages are served, and the clock that they go by."""

    services: Services
    clock: ShiftedClock
    origin: str

    def now(self) -> datetime:
        return utc_from_ns(self.clock.now_ns())

    async def person(self, email: str, role: Role = Role.ANALYST) -> UUID:
        """Make someone a member who has no password yet."""
        async with self.services.pools.system() as conn:
            user = await users.create(conn, email, email.partition("@")[0], self.now())
            await memberships.add(conn, DEFAULT_ORG, user.user_id, role, self.now())
            return user.user_id

    async def link_for(self, email: str, role: Role = Role.ANALYST) -> str:
        """Make someone a member, and return the link that lets them in once."""
        user_id = await self.person(email, role)
        async with self.services.pools.system() as conn:
            token = await sign_in_links.create(conn, user_id, self.now(), 3600)
        return f"{self.origin}/sign-in/link#{token}"


def house_at(services: Services, origin: str) -> House:
    """Return a house of these services, whose time can be shifted."""
    clock = ShiftedClock(0)
    keyring = Keyring(services.pools, services.vault, origin)
    moved = replace(
        services,
        config=replace(services.config, origin=origin),
        clock=clock,
        keyring=keyring,
        authenticator=Authenticator(services.pools, clock, keyring),
    )
    return House(moved, clock, origin)


@asynccontextmanager
async def kept_house(services: Services) -> AsyncIterator[House]:
    """Serve a house on a free port of this machine under the name that passkeys need."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        house = house_at(services, f"http://localhost:{listener.getsockname()[1]}")

        async def opened() -> Services:
            return house.services

        app = create_api(house.services.config, opened)
        app.state.services = house.services
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield house
        finally:
            server.should_exit = True
            await task
