"""Own what the routes call: stores, cache and actors, opened once per replica."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Request

from actors.messages import FeedStatus
from core.clock import Clock
from core.market import Curve
from storage.cache import Cache
from storage.pool import DatabaseUrls, Pools, open_pools


class MarketPort(Protocol):
    """Answer for live curves."""

    async def curve(self, product: str) -> Curve: ...

    async def live_products(self) -> dict[str, str]: ...


class RunsPort(Protocol):
    """Carry out and cancel stored runs."""

    async def submit(self, org_id: UUID, run_id: UUID) -> None: ...

    async def cancel(self, org_id: UUID, run_id: UUID) -> None: ...


class FeedsPort(Protocol):
    """Tell how the feeds stand.

    `status` raises NotFound for a venue that has no feed here, SourceUnavailable if the feed
    does not answer.
    """

    async def venues(self) -> tuple[str, ...]: ...

    async def status(self, venue: str) -> FeedStatus: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeConfig:
    """Hold what a replica needs to open its services.

    `pages` is the built web page, if any; `venues` are those whose feeds this stack runs.
    """

    database: DatabaseUrls
    cache_url: str
    key_digest: str
    version: str
    pages: Path | None
    venues: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Hold the open services of one replica."""

    config: EdgeConfig
    pools: Pools
    cache: Cache
    market: MarketPort
    runs: RunsPort
    feeds: FeedsPort
    clock: Clock

    async def close(self) -> None:
        await self.cache.close()
        await self.pools.close()


async def open_services(
    config: EdgeConfig, market: MarketPort, runs: RunsPort, feeds: FeedsPort, clock: Clock
) -> Services:
    """Connect to the stores.

    Raises:
        SourceUnavailable: a store cannot be reached.
    """
    return Services(
        config=config,
        pools=await open_pools(config.database),
        cache=await Cache.open(config.cache_url),
        market=market,
        runs=runs,
        feeds=feeds,
        clock=clock,
    )


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
