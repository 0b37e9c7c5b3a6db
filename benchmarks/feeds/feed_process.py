"""Own the process of the feed under test: the real FeedActor, with Ray left out."""

import asyncio
import pickle
from array import array
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple
from unittest.mock import patch

from actors.feeds import actor as feed
from actors.feeds.actor import FeedActor, FeedConfig
from actors.feeds.store import FeedStore
from actors.messages import MarketBatch
from actors.supervisor import FeedSupervisor
from core.clock import ShiftedClock
from core.market import MarketEvent
from storage.journal_format import Position


class Commit(NamedTuple):
    """Hold when one batch was committed, and when each event of it was received."""

    committed_ns: int
    received_ns: "array[int]"


_COMMITS: list[Commit] = []


class _TimedStore(FeedStore):
    """Note when each batch was committed."""

    async def _write(self, events: Sequence[MarketEvent], end: Position) -> None:
        await super()._write(events, end)
        committed_ns = self._clock.now_ns()
        _COMMITS.append(Commit(committed_ns, array("q", [event.received_ns for event in events])))


class _Curve:
    """Stand where the MarketActor is called: a call pickles its argument, and is then away."""

    async def apply(self, batch: MarketBatch) -> None:
        pickle.dumps(batch)


def run_feed(orders: Connection, config: FeedConfig, offset_ns: int, is_timed: bool) -> None:
    """Run a feed until the other end of `orders` is closed; orders are pairs of word and value.

    `status` is answered with the feed's, `commits` with what was committed when; the latter is
    kept only if `is_timed`, since it takes memory.
    """
    with patch.object(feed, "FeedStore", _TimedStore if is_timed else FeedStore):
        asyncio.run(_serve(orders, config, offset_ns))


async def _serve(orders: Connection, config: FeedConfig, offset_ns: int) -> None:
    clock = ShiftedClock(offset_ns)
    actor = object.__new__(FeedActor)
    construct: Any = actor.__init__  # type: ignore[misc]  # as Ray does
    await construct(config, _Curve(), FeedSupervisor(clock), clock)
    loop = asyncio.get_running_loop()
    asked, ended = asyncio.Event(), False
    loop.add_reader(orders.fileno(), asked.set)
    while not ended:
        await asked.wait()
        asked.clear()
        # The loop may tell of one order twice.
        while not ended and orders.poll():
            try:
                word, _ = orders.recv()
            except EOFError:
                ended = True
                continue
            orders.send(_COMMITS if word == "commits" else await actor.status())
    loop.remove_reader(orders.fileno())
    await actor.close()
