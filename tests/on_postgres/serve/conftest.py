"""Call the applications in this process, over a real database and cache; no actor runs behind."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from actors.messages import FeedStatus
from actors.qpu.requests import QpuDevice
from core.clock import SystemClock
from core.errors import CurveNotFound, NotFound, SourceUnavailable
from core.forecasts import ModelStatus
from core.identity import Role
from core.market import Curve
from serve.api import create_api
from serve.identity.authenticator import Authenticator
from serve.identity.keyring import Keyring
from serve.services import EdgeConfig, Services
from serve.streams import create_streams
from storage.vault.vault import VaultConfig, open_vault
from tests.identities import HEADERS, KEY, key_headers

if TYPE_CHECKING:
    from storage.cache import Cache
    from storage.pool import Pools
    from tests.on_postgres.conftest import Database

__all__ = ["HEADERS", "KEY"]

ORIGIN = "http://edge"


@dataclass
class ToldRuns:
    """Remember which runs were to be carried out and cancelled; may be away."""

    submitted: list[UUID] = field(default_factory=list)
    cancelled: list[UUID] = field(default_factory=list)
    is_away: bool = False

    async def submit(self, _org_id: UUID, run_id: UUID) -> None:
        self._require()
        self.submitted.append(run_id)

    async def cancel(self, _org_id: UUID, run_id: UUID) -> None:
        self._require()
        self.cancelled.append(run_id)

    def _require(self) -> None:
        if self.is_away:
            raise SourceUnavailable(source="runs", reason="it is restarting")


@dataclass
class ToldModels:
    """Answer for models that a test puts in; None does not answer."""

    statuses: dict[str, ModelStatus | None] = field(default_factory=dict)

    async def products(self) -> tuple[str, ...]:
        return tuple(self.statuses)

    async def status(self, product: str) -> ModelStatus:
        if product not in self.statuses:
            raise NotFound(what="model", name=product)
        status = self.statuses[product]
        if status is None:
            raise SourceUnavailable(source=f"model-{product}", reason="it is restarting")
        return status


class LiveMarket:
    """Tell that crude is live, without a curve yet."""

    async def newer_curve(self, product: str, _version: int) -> Curve:
        raise CurveNotFound(product=product, source="import:test", as_of="now")

    async def live_products(self) -> dict[str, str]:
        return {"CL": "import:test"}


class NoFeeds:
    """Run no feed."""

    async def venues(self) -> tuple[str, ...]:
        return ()

    async def status(self, venue: str) -> FeedStatus:
        raise NotFound(what="feed", name=venue)


class NoQpu:
    """Know no quantum device."""

    async def devices(self) -> list[QpuDevice]:
        return []


@pytest.fixture
def told() -> ToldRuns:
    return ToldRuns()


@pytest.fixture
def models_told() -> ToldModels:
    return ToldModels()


@pytest.fixture
async def services(
    database: "Database",
    pools: "Pools",
    cache: "Cache",
    told: ToldRuns,
    models_told: ToldModels,
    vault_config: VaultConfig,
    tmp_path: Path,
) -> AsyncIterator[Services]:
    """Open what the routes call."""
    absent: Any = None
    market: Any = LiveMarket()
    await key_headers(pools, Role.OWNER, secret=KEY)
    vault = open_vault(vault_config)
    keyring = Keyring(pools, vault, ORIGIN)
    authenticator = Authenticator(pools, SystemClock(), keyring)
    opened = Services(
        config=EdgeConfig(
            database=database.urls,
            cache_url="",
            origin=ORIGIN,
            version="1",
            pages=None,
            venues=(),
            task_memory_bytes=2 * 1024**3,
            vault=vault_config,
            audit_anchors=tmp_path / "anchors.jsonl",
        ),
        pools=pools,
        cache=cache,
        vault=vault,
        authenticator=authenticator,
        keyring=keyring,
        market=market,
        runs=told,
        feeds=NoFeeds(),
        models=models_told,
        parser=absent,
        qpu=NoQpu(),
        clock=SystemClock(),
    )
    opened.background.start(authenticator.run())
    yield opened
    await opened.background.close()


def held(app: FastAPI, services: Services) -> FastAPI:
    app.state.services = services
    return app


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the request application."""

    async def opened() -> Services:
        return services

    app = held(create_api(services.config, opened), services)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=HEADERS
    ) as client:
        yield client


@asynccontextmanager
async def serving(services: Services) -> AsyncIterator[str]:
    """Serve both applications on a port as on a stack, and return the address."""

    async def opened() -> Services:
        return services

    outer = FastAPI()
    outer.mount("/v1/streams", held(create_streams(services.config, opened), services))
    outer.mount("/", held(create_api(services.config, opened), services))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            outer, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def url(services: Services) -> AsyncIterator[str]:
    async with serving(services) as address:
        yield address
