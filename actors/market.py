"""Own the latest forward curve of every product."""

from collections import Counter
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from actors.messages import MarketBatch
from core import products as registry
from core.clock import Clock, utc_from_ns
from core.errors import CurveNotFound
from core.market import ContractMonth, Curve, Gap, GapReason, Settlement
from core.runs import MARKET_ORG
from quant.calendars import session_trade_date
from quant.curves import ContractState, live_points, merge
from storage import settlements
from storage.pool import DatabaseUrls, Pools, open_pools

_EXCHANGE_ZONE = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketConfig:
    """Name the products whose curves are kept and the source each comes from."""

    database: DatabaseUrls
    sources: tuple[tuple[str, str], ...]


class MarketActor:
    """Keep the latest curve per product, versioned.

    Owns: the newest quote, trade and settlement of each contract. After a restart the curve is
    rebuilt from stored settlements and becomes live again with the next event. Callers may
    retry `apply`: events older than the state change nothing.
    """

    async def __init__(self, config: MarketConfig, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._clock = clock
        self._sources = dict(config.sources)
        self._states: dict[str, dict[ContractMonth, ContractState]] = {}
        self._gaps: dict[str, GapReason] = {}
        self._versions: Counter[str] = Counter()
        self._latest_ns: dict[str, int] = {}
        self._pools: Pools = await open_pools(config.database)
        await self._reload()

    async def _reload(self) -> None:
        for product, source in self._sources.items():
            async with self._pools.read(MARKET_ORG) as connection:
                rows = await settlements.curve_rows(connection, MARKET_ORG, source, product, None)
            for row in rows:
                month = ContractMonth(row.contract_month // 100, row.contract_month % 100)
                self._states.setdefault(product, {})[month] = ContractState(
                    settlement=row.price, settlement_date=row.trade_date
                )

    async def apply(self, batch: MarketBatch) -> None:
        """Take in what a feed received; a batch of another source than configured is refused."""
        touched: set[str] = set()
        for event in batch.events:
            if isinstance(event, Gap):
                self._note_gap(batch.venue, event)
                continue
            product = event.instrument.product
            if self._sources.get(product) != batch.source:
                continue
            states = self._states.setdefault(product, {})
            month = event.instrument.contract_month
            states[month] = merge(states.get(month, ContractState()), event)
            touched.add(product)
            if not isinstance(event, Settlement):
                self._latest_ns[product] = max(self._latest_ns.get(product, 0), event.event_ns)
        if any(not isinstance(event, Gap) for event in batch.events):
            self._gaps.pop(batch.venue, None)
        for product in touched:
            self._versions[product] += 1

    def _note_gap(self, venue: str, gap: Gap) -> None:
        self._gaps[venue] = gap.reason

    async def curve(self, product: str) -> Curve:
        """Return the latest curve of a product.

        Raises:
            CurveNotFound: nothing is known of the product yet.
        """
        states = self._states.get(product)
        source = self._sources.get(product, "")
        latest_ns = self._latest_ns.get(product)
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
