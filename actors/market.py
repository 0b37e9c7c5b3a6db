"""Own the latest forward curve of every product."""

import asyncio
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from actors.market_snapshot import (
    CurveSnapshot,
    contract_states,
    decode,
    encode,
    snapshot_name,
)
from actors.messages import MarketBatch
from core import products as registry
from core.clock import NANOSECONDS_PER_MILLISECOND, Clock, utc_from_ns
from core.errors import CurveNotFound, SourceUnavailable
from core.logs import get_logger
from core.market import ContractMonth, Curve, Gap, GapReason, Settlement
from core.runs import MARKET_ORG
from quant.calendars import session_trade_date
from quant.curves import ContractState, live_points, merge
from storage import settlements
from storage.cache import Cache
from storage.pool import DatabaseUrls, Pools, open_pools

log = get_logger(__name__)

_EXCHANGE_ZONE = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketConfig:
    """Name the products whose curves are kept and the source each comes from."""

    database: DatabaseUrls
    cache_url: str
    sources: tuple[tuple[str, str], ...]
    snapshot_interval_s: float = 1.0


class MarketActor:
    """Keep the latest curve per product, versioned.

    Owns: the newest quote, trade and settlement of each contract. After a restart the curve is
    rebuilt from stored settlements and, if the cache still holds it, the last snapshot; it is
    marked as interrupted until the next event. Callers may retry `apply`: events older than the
    state change nothing.
    """

    async def __init__(self, config: MarketConfig, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._clock = clock
        self._sources = dict(config.sources)
        self._states: dict[str, dict[ContractMonth, ContractState]] = {}
        self._gaps: dict[str, GapReason] = {}
        # From the clock, so that a version read before a restart is never seen again after it.
        first_version = clock.now_ns() // NANOSECONDS_PER_MILLISECOND
        self._versions = dict.fromkeys(self._sources, first_version)
        self._latest_ns: dict[str, int] = {}
        self._pools: Pools = await open_pools(config.database)
        self._cache = await Cache.open(config.cache_url)
        for product, source in self._sources.items():
            await self._reload_settlements(product, source)
            await self._reload_snapshot(product, source)
        self._keeper = asyncio.create_task(self._keep_snapshots())

    async def _reload_settlements(self, product: str, source: str) -> None:
        async with self._pools.read(MARKET_ORG) as connection:
            rows = await settlements.curve_rows(connection, MARKET_ORG, source, product, None)
        for row in rows:
            month = ContractMonth(row.contract_month // 100, row.contract_month % 100)
            self._states.setdefault(product, {})[month] = ContractState(
                settlement=row.price, settlement_date=row.trade_date
            )

    async def _reload_snapshot(self, product: str, source: str) -> None:
        try:
            payload = await self._cache.get_snapshot(snapshot_name(product))
        except SourceUnavailable as error:
            log.warning("market.snapshot.unread", product=product, reason=error.detail)
            return
        snapshot = None if payload is None else decode(payload, source)
        if snapshot is None:
            return
        self._states.setdefault(product, {}).update(contract_states(snapshot))
        self._latest_ns[product] = snapshot.latest_ns
        self._gaps[registry.product(product).venue] = GapReason.STARTED

    async def _keep_snapshots(self) -> None:
        kept: dict[str, int] = {}
        while True:
            await asyncio.sleep(self._config.snapshot_interval_s)
            for product, version in list(self._versions.items()):
                if kept.get(product) == version or product not in self._states:
                    continue
                kept[product] = version
                try:
                    await self._cache.set_snapshot(
                        snapshot_name(product), encode(self._snapshot(product))
                    )
                except SourceUnavailable as error:
                    log.warning("market.snapshot.unkept", product=product, reason=error.detail)

    def _snapshot(self, product: str) -> CurveSnapshot:
        return CurveSnapshot(
            source=self._sources[product],
            latest_ns=self._latest_ns.get(product, 0),
            states={str(month): state for month, state in self._states[product].items()},
        )

    async def apply(self, batch: MarketBatch) -> None:
        """Take in what a feed received; a batch of another source than configured is refused."""
        touched: set[str] = set()
        for event in batch.events:
            if isinstance(event, Gap):
                self._gaps[batch.venue] = event.reason
                continue
            self._gaps.pop(batch.venue, None)
            product = event.instrument.product
            if self._sources.get(product) != batch.source:
                continue
            states = self._states.setdefault(product, {})
            month = event.instrument.contract_month
            states[month] = merge(states.get(month, ContractState()), event)
            touched.add(product)
            if not isinstance(event, Settlement):
                self._latest_ns[product] = max(self._latest_ns.get(product, 0), event.event_ns)
        for product in touched:
            self._versions[product] += 1

    async def curve(self, product: str) -> Curve:
        """Return the latest curve of a product.

        Raises:
            CurveNotFound: nothing is known of the product yet.
        """
        states = self._states.get(product)
        source = self._sources.get(product, "")
        latest_ns = self._latest_ns.get(product) or None
        if not states:
            raise CurveNotFound(product=product, source=source or "any live source", as_of="now")
        if latest_ns is None:
            dates = [state.settlement_date for state in states.values() if state.settlement_date]
            today = max(dates)
        else:
            local = utc_from_ns(latest_ns).astimezone(_EXCHANGE_ZONE).date()
            today = session_trade_date(product, latest_ns) or local
        return Curve(
            product=product,
            source=source,
            as_of=today,
            as_of_ns=self._clock.now_ns() if latest_ns is None else latest_ns,
            version=self._versions[product],
            live=latest_ns is not None,
            gap=registry.product(product).venue in self._gaps,
            points=live_points(product, states, today),
        )

    async def live_products(self) -> dict[str, str]:
        """Map each product with a live feed to its source."""
        return dict(self._sources)
