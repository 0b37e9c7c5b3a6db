"""Call both applications in this process, with stand-ins for what the routes call."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from actors.messages import FeedStatus
from actors.qpu.requests import QpuDevice
from core.clock import SystemClock
from core.errors import CurveNotFound, NotFound, SourceUnavailable
from core.forecasts import ModelStatus
from core.market import Curve
from jobs.kinds.kind import ParsedCircuit
from serve.api import create_api
from serve.services import EdgeConfig, Services
from serve.streams import create_streams
from storage.cache import StreamEntry
from storage.pool import DatabaseUrls
from storage.vault.vault import open_vault
from tests.identities import HEADERS, KnownKeys
from tests.vaults import NO_VAULT


@dataclass
class FakeMarket:
    """Answer for curves that a test puts in."""

    live: dict[str, str] = field(default_factory=lambda: {"CL": "sandbox"})
    curves: dict[str, Curve] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def newer_curve(self, product: str, version: int) -> Curve | None:
        self.asked.append((product, version))
        if product not in self.curves:
            raise CurveNotFound(product=product, source="sandbox", as_of="now")
        curve = self.curves[product]
        return None if curve.version == version else curve

    async def live_products(self) -> dict[str, str]:
        return self.live


class NoRuns:
    """Refuse to carry out runs."""

    async def submit(self, org_id: UUID, run_id: UUID) -> None:
        raise AssertionError

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        raise AssertionError


class NoStore:
    """Refuse every connection: what is tested must be decided before."""

    def read(self, _org_id: UUID) -> NoReturn:
        message = "No store was expected to be asked."
        raise AssertionError(message)

    write = read


@dataclass
class FakeParser:
    """Answer that every program is the circuit which a test puts in; None refuses to be asked."""

    circuit: ParsedCircuit | None = None

    async def parse(self, _language: str, _program: str) -> ParsedCircuit:
        assert self.circuit is not None
        return self.circuit


@dataclass
class FakeQpu:
    """Answer for devices that a test puts in; None does not answer."""

    listed: list[QpuDevice] | None = None

    async def devices(self) -> list[QpuDevice]:
        if self.listed is None:
            raise SourceUnavailable(source="qpu", reason="it is restarting")
        return self.listed


@dataclass
class FakeFeeds:
    """Answer for feeds that a test puts in; None does not answer."""

    statuses: dict[str, FeedStatus | None] = field(default_factory=dict)

    async def venues(self) -> tuple[str, ...]:
        return tuple(self.statuses)

    async def status(self, venue: str) -> FeedStatus:
        if venue not in self.statuses:
            raise NotFound(what="feed", name=venue)
        status = self.statuses[venue]
        if status is None:
            raise SourceUnavailable(source=f"feed-{venue}", reason="it is restarting")
        return status


@dataclass
class FakeModels:
    """Answer for models that a test puts in; None does not answer, and no busy one in time."""

    statuses: dict[str, ModelStatus | None] = field(default_factory=dict)
    is_busy: bool = False

    async def products(self) -> tuple[str, ...]:
        return tuple(self.statuses)

    async def status(self, product: str) -> ModelStatus:
        if product not in self.statuses:
            raise NotFound(what="model", name=product)
        if self.is_busy:
            await asyncio.Event().wait()
        status = self.statuses[product]
        if status is None:
            raise SourceUnavailable(source=f"model-{product}", reason="it is restarting")
        return status


@dataclass
class FakeCache:
    """Hand out stream entries, one list a read; after the last one the server is gone."""

    reads: list[list[StreamEntry]] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)

    async def lost_after(self, positions: dict[str, str]) -> dict[str, str]:
        return {code: self.lost.pop(code) for code in positions if code in self.lost}

    async def read_quotes(
        self, positions: dict[str, str], _block_ms: int, _count: int
    ) -> list[StreamEntry]:
        self.asked.append(dict(positions))
        if not self.reads:
            raise SourceUnavailable(source="cache", reason="no answer")
        return self.reads.pop(0)


@dataclass
class Edge:
    """Hold both applications and what stands behind them."""

    market: FakeMarket
    feeds: FakeFeeds
    models: FakeModels
    cache: FakeCache
    parser: FakeParser
    qpu: FakeQpu
    api: FastAPI
    streams: FastAPI
    keys: KnownKeys

    @asynccontextmanager
    async def client(
        self, *, streams: bool = False, key: bool = True
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = self.streams if streams else self.api
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = HEADERS if key else {}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://edge", headers=headers
        ) as client:
            yield client


def make_edge(pages: Path | None) -> Edge:
    urls = DatabaseUrls(app="", read="", system="")
    config = EdgeConfig(
        database=urls,
        cache_url="",
        origin="http://edge",
        version="1.2.3",
        pages=pages,
        venues=(),
        task_memory_bytes=2 * 1024**3,
        vault=NO_VAULT,
        audit_anchors=Path("no-anchors.jsonl"),
    )
    market, feeds, models, cache = FakeMarket(), FakeFeeds(), FakeModels(), FakeCache()
    parser, qpu, keys = FakeParser(), FakeQpu(), KnownKeys()
    stand_ins: dict[str, Any] = {
        "pools": NoStore(),
        "cache": cache,
        "market": market,
        "keyring": None,
    }
    services = Services(
        config=config,
        authenticator=keys,
        vault=open_vault(NO_VAULT),
        runs=NoRuns(),
        feeds=feeds,
        models=models,
        parser=parser,
        qpu=qpu,
        clock=SystemClock(),
        **stand_ins,
    )

    async def open_services() -> Services:
        return services

    edge = Edge(
        market=market,
        feeds=feeds,
        models=models,
        cache=cache,
        parser=parser,
        qpu=qpu,
        api=create_api(config, open_services),
        streams=create_streams(config, open_services),
        keys=keys,
    )
    apps: Iterable[FastAPI] = (edge.api, edge.streams)
    for app in apps:
        app.state.services = services
    return edge


@pytest.fixture
def edge() -> Edge:
    return make_edge(None)


@pytest.fixture
def edge_with_pages(tmp_path: Path) -> Edge:
    (tmp_path / "index.html").write_text("<title>Heliostat</title>")
    (tmp_path / "docs.html").write_text("<title>Reference</title>")
    return make_edge(tmp_path)
