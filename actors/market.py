"""Own the latest forward curve of every product."""

import asyncio
from dataclasses import dataclass
from typing import NoReturn

from actors.loops import end_loops, start_loops
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
from core.market import ContractMonth, Curve, Gap, PriceEvent, Quote, Settlement, Staleness
from core.runs import MARKET_ORG
from quant.calendars import session_trade_date, trading_hours
from quant.curves import ContractState, Doubts, live_points, merge, with_settlement_of
from storage import settlements
from storage.cache import Cache
from storage.pool import DatabaseUrls, Pools, open_pools

log = get_logger(__name__)

_SETTLEMENTS_RETRY_S = 1.0


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
    rebuilt from stored settlements and, if the cache still holds it, the last snapshot, whose
    contracts are suspect until their next quote. Callers may retry `apply`: events older than the
    state change nothing.
    """

    async def __init__(self, config: MarketConfig, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._clock = clock
        self._sources = dict(config.sources)
        self._states: dict[str, dict[ContractMonth, ContractState]] = {}
        self._suspects: dict[str, set[ContractMonth]] = {}
        self._stale: dict[str, set[ContractMonth]] = {}
        # From the clock, so that a version read before a restart is never seen again after it.
        first_version = clock.now_ns() // NANOSECONDS_PER_MILLISECOND
        self._versions = dict.fromkeys(self._sources, first_version)
        self._latest_ns: dict[str, int] = {}
        self._pools: Pools = await open_pools(config.database)
        self._cache = await Cache.open(config.cache_url)
        for product, source in self._sources.items():
            await self._reload_snapshot(product, source)
        self._unsettled = dict(self._sources)
        await self._reload_settlements()
        self._loops = start_loops(self._keep_snapshots(), self._await_settlements())

    async def close(self) -> None:
        """End the loops and the connections."""
        await end_loops(self._loops)
        await self._pools.close()
        await self._cache.close()

    async def _await_settlements(self) -> NoReturn:
        """Learn the stored settlements as soon as the database is there."""
        while True:
            await asyncio.sleep(_SETTLEMENTS_RETRY_S)
            await self._reload_settlements()

    async def _reload_settlements(self) -> None:
        for product, source in list(self._unsettled.items()):
            try:
                await self._reload_settlements_of(product, source)
            except SourceUnavailable as error:
                log.warning("market.settlements.unread", product=product, reason=error.detail)
                return
            del self._unsettled[product]

    async def _reload_settlements_of(self, product: str, source: str) -> None:
        async with self._pools.read(MARKET_ORG) as connection:
            rows = await settlements.curve_rows(connection, MARKET_ORG, source, product, None)
        states = self._states.setdefault(product, {}) if rows else {}
        for row in rows:
            month = ContractMonth(row.contract_month // 100, row.contract_month % 100)
            stored = ContractState(
                settlement=row.price, settlement_date=row.trade_date, settlement_stage=row.stage
            )
            states[month] = with_settlement_of(states.get(month, ContractState()), stored)
        self._versions[product] += 1

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
        self._suspects[product] = set(self._states[product])

    async def _keep_snapshots(self) -> NoReturn:
        kept: dict[str, int] = {}
        while True:
            await asyncio.sleep(self._config.snapshot_interval_s)
            for product, version in list(self._versions.items()):
                if kept.get(product) == version or product not in self._states:
                    continue
                try:
                    await self._cache.set_snapshot(
                        snapshot_name(product), encode(self._snapshot(product))
                    )
                except SourceUnavailable as error:
                    log.warning("market.snapshot.unkept", product=product, reason=error.detail)
                else:
                    kept[product] = version

    def _snapshot(self, product: str) -> CurveSnapshot:
        return CurveSnapshot(
            source=self._sources[product],
            latest_ns=self._latest_ns.get(product, 0),
            states={str(month): state for month, state in self._states[product].items()},
        )

    async def apply(self, batch: MarketBatch) -> None:
        """Take in what a feed received; events of another source than configured are passed over.

        A quote ends what was suspect about its contract; a gap makes its contracts suspect.
        """
        touched: set[str] = set()
        for event in batch.events():
            if isinstance(event, Gap):
                touched |= self._open_gap(batch.source, event)
            elif isinstance(event, PriceEvent | Staleness):
                product = event.instrument.product
                if self._sources.get(product) == batch.source:
                    self._take(product, event)
                    touched.add(product)
        for product in touched:
            self._versions[product] += 1

    def _open_gap(self, source: str, gap: Gap) -> set[str]:
        concerned: dict[str, set[ContractMonth]] = {}
        for instrument in gap.instruments:
            concerned.setdefault(instrument.product, set()).add(instrument.contract_month)
        if not gap.instruments:
            concerned = {
                product: set(states)
                for product, states in self._states.items()
                if registry.product(product).venue == gap.venue
            }
        touched = {product for product in concerned if self._sources.get(product) == source}
        for product in touched:
            self._suspects.setdefault(product, set()).update(concerned[product])
        return touched

    def _take(self, product: str, event: PriceEvent | Staleness) -> None:
        month = event.instrument.contract_month
        if isinstance(event, Staleness):
            stale = self._stale.setdefault(product, set())
            (stale.add if event.is_stale else stale.discard)(month)
            return
        states = self._states.setdefault(product, {})
        before = states.get(month, ContractState())
        states[month] = merge(before, event)
        # One that changes nothing came late: something newer may still be missing.
        if isinstance(event, Settlement) or states[month] is before:
            return
        self._latest_ns[product] = max(self._latest_ns.get(product, 0), event.event_ns)
        if isinstance(event, Quote):
            self._suspects.get(product, set()).discard(month)

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
            local = utc_from_ns(latest_ns).astimezone(trading_hours(product).zone).date()
            today = session_trade_date(product, latest_ns) or local
        points = live_points(product, states, today, self._doubts(product))
        return Curve(
            product=product,
            source=source,
            as_of=today,
            as_of_ns=self._clock.now_ns() if latest_ns is None else latest_ns,
            version=self._versions[product],
            live=latest_ns is not None,
            gap=any(point.is_suspect for point in points),
            points=points,
        )

    async def newer_curve(self, product: str, version: int) -> Curve | None:
        """Return the latest curve of a product, None if it is of a version that is known already.

        Raises:
            CurveNotFound: nothing is known of the product yet.
        """
        is_known = bool(self._states.get(product)) and self._versions[product] == version
        return None if is_known else await self.curve(product)

    def _doubts(self, product: str) -> Doubts:
        return Doubts(
            suspect=frozenset(self._suspects.get(product, ())),
            stale=frozenset(self._stale.get(product, ())),
        )

    async def live_products(self) -> dict[str, str]:
        """Map each product with a live feed to its source."""
        return dict(self._sources)
