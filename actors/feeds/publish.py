"""Own the way of a feed's events to those who watch: the hot stream, the curves and the models."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NoReturn, Protocol

from actors.conflation import ConflatingQueue
from actors.feeds.payloads import stream_payloads
from actors.messages import MarketBatch, QueueStatus
from core.errors import SourceUnavailable
from core.logs import get_logger
from core.market import MarketEvent, Settlement, Trade
from storage.cache import Cache

log = get_logger(__name__)

MAX_PENDING = 500
"""Bound what one flush sends; beyond it only the newest quote of each instrument goes out."""
_INTERVAL_S = 0.05
_RETRY_S = 0.5
_MODEL_RETRY_S = 1.0
"""Ask a model that is away so often; it also reads what was stored by itself."""


class MarketPort(Protocol):
    """Take in what a feed received."""

    async def apply(self, batch: MarketBatch) -> None: ...


ModelPorts = Mapping[str, MarketPort]
"""Map each product that has a model to who takes in its settlements."""


class _Outlet:
    """Send events to one of those who watch, in order; what it does not take waits and conflates.

    `keeps_trades`: one that came through and seems to have failed may be sent twice without harm.
    `wakes`: it is sent at once, and not with the next round.
    """

    def __init__(
        self,
        target: str,
        send: Callable[[Sequence[MarketEvent]], Awaitable[None]],
        *,
        keeps_trades: bool,
        wakes: bool = False,
        retry_s: float = _RETRY_S,
    ) -> None:
        self.queue = ConflatingQueue(MAX_PENDING)
        self.unpublished = 0
        self._target = target
        self._send = send
        self._keeps_trades = keeps_trades
        self._wakes = wakes
        self._retry_s = retry_s
        self._has_events = asyncio.Event()

    def put(self, events: Sequence[MarketEvent]) -> None:
        """Take in events to be sent."""
        if events:
            self.queue.put(events)
            self._has_events.set()

    async def run(self) -> NoReturn:
        while True:
            if self._wakes:
                await self._has_events.wait()
                self._has_events.clear()
            is_clear = await self.flush()
            if not is_clear:
                self._has_events.set()
                await asyncio.sleep(self._retry_s)
            elif not self._wakes:
                await asyncio.sleep(_INTERVAL_S)

    async def flush(self) -> bool:
        """Send what waits; tell whether nothing is in the way."""
        events, _ = self.queue.take()
        if not events:
            return True
        try:
            await self._send(events)
        except SourceUnavailable as error:
            kept = [one for one in events if self._keeps_trades or not isinstance(one, Trade)]
            self._count(len(events) - len(kept), error.detail)
            self.queue.put_back(kept)
            return False
        except Exception as error:  # who watches must not end what captures
            self._count(len(events), repr(error))
            return False
        return True

    def _count(self, lost: int, reason: str) -> None:
        self.unpublished += lost
        log.warning("feed.unpublished", target=self._target, lost=lost, reason=reason)


class FeedPublisher:
    """Send events to the curves, the hot stream and the models, each without waiting for another.

    What one does not take is kept for it as long as there is room: all marks, and at least the
    newest quote of each instrument, since the next of a quiet one may be hours away. Trades that
    the stream may have taken are counted and given up; the store has all. Models are sent
    settlements only, and at once, since a forecast follows.
    """

    def __init__(
        self,
        cache: Cache,
        port: MarketPort,
        *,
        venue: str,
        source: str,
        products: Sequence[str],
        models: ModelPorts = MappingProxyType({}),
    ) -> None:
        self._cache = cache
        self._port = port
        self._venue = venue
        self._source = source
        self._products = tuple(products)
        self._watchers = (
            _Outlet("curve", self._send_to_curve, keeps_trades=True),
            _Outlet("stream", self._send_to_stream, keeps_trades=False),
        )
        self._models = {
            product: _Outlet(
                f"model of {product}",
                partial(self._send_to, model),
                keeps_trades=False,
                wakes=True,
                retry_s=_MODEL_RETRY_S,
            )
            for product, model in models.items()
        }
        self._outlets = (*self._watchers, *self._models.values())

    @property
    def queue(self) -> QueueStatus:
        """Tell how full the fuller of the queues is."""
        return QueueStatus(
            name="publish",
            policy="conflate",
            held=max(len(outlet.queue) for outlet in self._outlets),
            bound=MAX_PENDING,
            applied=sum(
                outlet.queue.conflated + outlet.queue.dropped + outlet.unpublished
                for outlet in self._outlets
            ),
        )

    def put(self, events: Sequence[MarketEvent]) -> None:
        """Take in events to be sent with the next flush."""
        for outlet in self._watchers:
            outlet.put(events)
        if self._models:
            self._put_settlements([one for one in events if isinstance(one, Settlement)])

    def _put_settlements(self, settlements: Sequence[Settlement]) -> None:
        by_product: defaultdict[str, list[Settlement]] = defaultdict(list)
        for one in settlements:
            by_product[one.instrument.product].append(one)
        for product, found in by_product.items():
            if product in self._models:
                self._models[product].put(found)

    async def run(self) -> None:
        """Send what waits, for ever."""
        await asyncio.gather(*(outlet.run() for outlet in self._outlets))

    async def flush(self) -> None:
        """Send what waits."""
        await asyncio.gather(*(outlet.flush() for outlet in self._outlets))

    async def close(self) -> None:
        """Close the connections to the cache."""
        await self._cache.close()

    async def _send_to_curve(self, events: Sequence[MarketEvent]) -> None:
        await self._send_to(self._port, events)

    async def _send_to(self, port: MarketPort, events: Sequence[MarketEvent]) -> None:
        await port.apply(MarketBatch.of(self._venue, self._source, events))

    async def _send_to_stream(self, events: Sequence[MarketEvent]) -> None:
        await self._cache.publish_quotes(stream_payloads(events, self._products))
