"""Own what the routes call: stores, cache and actors, opened once per replica."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Request

from actors.messages import FeedStatus
from actors.qpu.requests import QpuDevice
from core.clock import Clock
from core.forecasts import ModelStatus
from core.identity import Principal
from core.market import Curve
from integrations.oidc.client import OidcClient, OidcConfig
from jobs.kinds.kind import ParsedCircuit
from serve.background import Background
from serve.calculator import Calculator
from serve.hot_curves import HotCurves
from serve.identity.authenticator import Authenticator
from serve.identity.keyring import Keyring
from storage.cache import Cache
from storage.pool import DatabaseUrls, Pools, open_pools
from storage.vault.vault import Vault, VaultConfig, open_vault


class MarketPort(Protocol):
    """Answer for live curves; None where the latest one is of the version that is known."""

    async def newer_curve(self, product: str, version: int) -> Curve | None: ...

    async def live_products(self) -> dict[str, str]: ...


class RunsPort(Protocol):
    """Carry out and cancel stored runs."""

    async def submit(self, org_id: UUID, run_id: UUID) -> None: ...

    async def cancel(self, org_id: UUID, run_id: UUID) -> None: ...


class ParserPort(Protocol):
    """Read programs of strangers where they can do no harm.

    `parse` raises InvalidInput with the field `program` for what it refuses.
    """

    async def parse(self, language: str, program: str) -> ParsedCircuit: ...


class QpuPort(Protocol):
    """Tell of quantum devices; raises SourceUnavailable if their actor or vendor is away."""

    async def devices(self) -> Sequence[QpuDevice]: ...


class FeedsPort(Protocol):
    """Tell how the feeds stand.

    `status` raises NotFound for a venue that has no feed here, SourceUnavailable if the feed
    does not answer.
    """

    async def venues(self) -> tuple[str, ...]: ...

    async def status(self, venue: str) -> FeedStatus: ...


class ModelsPort(Protocol):
    """Tell how the models of products stand.

    `status` raises NotFound for a product that has no model here, SourceUnavailable if the model
    does not answer.
    """

    async def products(self) -> Sequence[str]: ...

    async def status(self, product: str) -> ModelStatus: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeConfig:
    """Hold what a replica needs to open its services.

    `origin` is how browsers reach this stack, and `pages` the built web page, if any. `venues` are
    those whose feeds this stack runs, and `model_products` the products whose models.
    `task_memory_bytes` is what one task of a run may take, `audit_anchors` the file that anchors
    the audit trail, `provider` where people may sign in elsewhere, `cors_origins` whose pages
    may call the API. Webhooks may go to private addresses where `private_webhooks` says so.
    """

    database: DatabaseUrls
    cache_url: str
    origin: str
    version: str
    pages: Path | None
    venues: tuple[str, ...]
    task_memory_bytes: int
    vault: VaultConfig
    audit_anchors: Path
    provider: OidcConfig | None = None
    cors_origins: tuple[str, ...] = ()
    private_webhooks: bool = False
    model_products: tuple[str, ...] = ()


class AuthenticatorPort(Protocol):
    """Tell who a request speaks for.

    `authenticate` raises Unauthenticated, and SourceUnavailable while a store is away.
    """

    async def authenticate(self, authorization: str | None) -> Principal: ...

    async def until_refused(self, authorization: str | None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Hold the open services of one replica."""

    config: EdgeConfig
    pools: Pools
    cache: Cache
    vault: Vault
    authenticator: AuthenticatorPort
    keyring: Keyring
    market: MarketPort
    runs: RunsPort
    feeds: FeedsPort
    models: ModelsPort
    parser: ParserPort
    qpu: QpuPort
    clock: Clock
    provider: OidcClient | None = None
    background: Background = field(default_factory=Background)
    calculator: Calculator = field(default_factory=Calculator)
    hot_curves: HotCurves = field(default_factory=HotCurves)

    async def close(self) -> None:
        self.calculator.close()
        if self.provider is not None:
            await self.provider.close()
        await self.background.close()
        await self.cache.close()
        await self.pools.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Hold how the actors of a stack are reached."""

    market: MarketPort
    runs: RunsPort
    feeds: FeedsPort
    models: ModelsPort
    parser: ParserPort
    qpu: QpuPort


async def open_services(config: EdgeConfig, ports: Ports, clock: Clock) -> Services:
    """Connect to the stores.

    Raises:
        SourceUnavailable: a store cannot be reached.
    """
    pools = await open_pools(config.database)
    vault = open_vault(config.vault)
    keyring = Keyring(pools, vault, config.origin)
    authenticator = Authenticator(pools, clock, keyring)
    background = Background()
    background.start(authenticator.run())
    return Services(
        config=config,
        pools=pools,
        cache=await Cache.open(config.cache_url),
        vault=vault,
        keyring=keyring,
        provider=None if config.provider is None else OidcClient(config.provider),
        authenticator=authenticator,
        market=ports.market,
        runs=ports.runs,
        feeds=ports.feeds,
        models=ports.models,
        parser=ports.parser,
        qpu=ports.qpu,
        clock=clock,
        background=background,
    )


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(_services)]
