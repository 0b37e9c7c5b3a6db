"""Check that those who watch a feed get what counts, whoever of them is away for a while."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from actors.feeds.publish import FeedPublisher
from actors.messages import MarketBatch
from core.errors import SourceUnavailable
from core.market import (
    ContractMonth,
    Gap,
    GapReason,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    SettlementStage,
    Trade,
)

if TYPE_CHECKING:
    from storage.cache import Cache

CRUDE = Instrument("CL", ContractMonth(2027, 1))
AWAY = SourceUnavailable(source="it", reason="away")


def quote(event_ns: int) -> Quote:
    return Quote(
        instrument=CRUDE,
        source="sandbox",
        session=1,
        sequence=event_ns,
        frame_index=0,
        event_ns=event_ns,
        received_ns=event_ns,
        bid=Decimal(70),
        bid_size=1,
        ask=None,
        ask_size=None,
    )


TRADE = Trade(
    instrument=CRUDE,
    source="sandbox",
    entry_id="1",
    event_ns=1,
    received_ns=1,
    price=Decimal(70),
    size=1,
    aggressor=None,
)
GAP = Gap(
    venue="cme",
    source="sandbox",
    session=1,
    expected_sequence=2,
    received_sequence=4,
    received_ns=2,
    reason=GapReason.SEQUENCE,
)


class Watchers:
    """Be the cache and the MarketActor; each fails as often as it is told to."""

    def __init__(self) -> None:
        self.curve: list[MarketEvent] = []
        self.stream: list[bytes] = []
        self.failures: dict[str, Exception] = {}
        self.is_free = asyncio.Event()
        self.is_free.set()

    async def apply(self, batch: MarketBatch) -> None:
        await self.is_free.wait()
        if "curve" in self.failures:
            raise self.failures["curve"]
        self.curve.extend(batch.events())

    async def publish_quotes(self, payloads: Mapping[str, Sequence[bytes]]) -> None:
        if "stream" in self.failures:
            raise self.failures["stream"]
        self.stream += [payload for listed in payloads.values() for payload in listed]


def publisher_to(watchers: Watchers) -> FeedPublisher:
    return FeedPublisher(
        cast("Cache", watchers), watchers, venue="cme", source="sandbox", products=("CL",)
    )


async def test_what_was_not_taken_comes_later_and_first() -> None:
    watchers = Watchers()
    publisher = publisher_to(watchers)
    watchers.failures = {"curve": AWAY, "stream": AWAY}
    publisher.put([quote(1), TRADE, GAP])
    await publisher.flush()
    watchers.failures = {}
    publisher.put([quote(3)])
    await publisher.flush()
    assert watchers.curve == [quote(1), TRADE, GAP, quote(3)]
    # The stream may have taken the trade, and would count it twice.
    assert [b'"trade"' in payload for payload in watchers.stream] == [False] * 3
    assert publisher.queue.applied == 1


async def test_a_stream_that_flows_does_not_wait_for_a_curve_that_hangs() -> None:
    watchers = Watchers()
    publisher = publisher_to(watchers)
    watchers.is_free.clear()
    running = asyncio.create_task(publisher.run())
    async with asyncio.timeout(10.0):
        while len(watchers.stream) < 3:
            publisher.put([quote(1)])
            await asyncio.sleep(0.01)
    assert watchers.curve == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_error_that_nobody_thought_of_ends_no_feed() -> None:
    watchers = Watchers()
    publisher = publisher_to(watchers)
    watchers.failures = {"curve": KeyError("CL"), "stream": OverflowError("year is 99999")}
    publisher.put([quote(1)])
    await publisher.flush()
    watchers.failures = {}
    publisher.put([quote(2)])
    await publisher.flush()
    assert watchers.curve == [quote(2)]
    assert len(watchers.stream) == 1


async def test_a_watcher_that_stays_away_costs_no_more_memory_than_its_queue() -> None:
    watchers = Watchers()
    publisher = publisher_to(watchers)
    watchers.failures = {"curve": AWAY, "stream": AWAY}
    for number in range(1, 60):
        publisher.put([quote(number * 1_000 + n) for n in range(1_000)])
        await publisher.flush()
    assert publisher.queue.held <= publisher.queue.bound * 2
    watchers.failures = {}
    await publisher.flush()
    assert watchers.curve[-1] == quote(59_999)


class Model:
    """Be the ModelActor of one product; it takes what comes while it is there."""

    def __init__(self) -> None:
        self.taken: list[MarketEvent] = []
        self.failure: Exception | None = None
        self.has_taken = asyncio.Event()

    async def apply(self, batch: MarketBatch) -> None:
        if self.failure is not None:
            raise self.failure
        self.taken += batch.events()
        self.has_taken.set()


def settlement(product: str, price: int = 70) -> Settlement:
    return Settlement(
        instrument=Instrument(product, ContractMonth(2027, 1)),
        source="sandbox",
        trade_date=date(2026, 11, 16),
        price=Decimal(price),
        stage=SettlementStage.FINAL,
        event_ns=price,
        received_ns=price,
    )


def publisher_with(watchers: Watchers, **models: Model) -> FeedPublisher:
    return FeedPublisher(
        cast("Cache", watchers),
        watchers,
        venue="cme",
        source="sandbox",
        products=("CL", "NG"),
        models=models,
    )


async def test_each_model_is_sent_the_settlements_of_its_product_only() -> None:
    crude, gas = Model(), Model()
    publisher = publisher_with(Watchers(), CL=crude, NG=gas)
    publisher.put([quote(1), settlement("CL"), TRADE, settlement("NG"), settlement("HO"), GAP])
    await publisher.flush()
    assert crude.taken == [settlement("CL")]
    assert gas.taken == [settlement("NG")]


async def test_a_settlement_wakes_its_model_while_curve_stream_and_other_models_hang() -> None:
    watchers, crude, gas = Watchers(), Model(), Model()
    gas.failure = AWAY
    watchers.is_free.clear()
    watchers.failures = {"stream": AWAY}
    publisher = publisher_with(watchers, CL=crude, NG=gas)
    running = asyncio.create_task(publisher.run())
    async with asyncio.timeout(10.0):
        for price in (70, 71):
            publisher.put([settlement("NG", price), settlement("CL", price)])
            await crude.has_taken.wait()
            crude.has_taken.clear()
    assert crude.taken == [settlement("CL", 70), settlement("CL", 71)]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_a_model_did_not_take_is_sent_again_in_its_order() -> None:
    crude = Model()
    crude.failure = AWAY
    publisher = publisher_with(Watchers(), CL=crude)
    publisher.put([settlement("CL", 70)])
    await publisher.flush()
    crude.failure = None
    publisher.put([settlement("CL", 71)])
    await publisher.flush()
    assert crude.taken == [settlement("CL", 70), settlement("CL", 71)]
