"""Check what the MarketActor knows after a restart, whatever was away at that time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from actors.market import MarketActor, MarketConfig
from actors.messages import MarketBatch
from core.clock import SystemClock
from core.errors import CurveNotFound
from core.market import (
    ContractMonth,
    Gap,
    GapReason,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    SettlementStage,
)
from storage import settlements
from storage.pool import DatabaseUrls, Pools

pytestmark = pytest.mark.postgres

CRUDE = Instrument("CL", ContractMonth(2027, 1))
DAY_NS = 1_795_183_200_000_000_000  # Friday 2026-11-20 14:00 UTC
WITHIN_S = 20.0


def settlement(price: str, stage: SettlementStage, event_ns: int) -> Settlement:
    return Settlement(
        instrument=CRUDE,
        source="sandbox",
        trade_date=date(2026, 11, 20),
        price=Decimal(price),
        stage=stage,
        event_ns=event_ns,
        received_ns=event_ns,
    )


def quote(event_ns: int, sequence: int) -> Quote:
    return Quote(
        instrument=CRUDE,
        source="sandbox",
        session=1,
        sequence=sequence,
        frame_index=0,
        event_ns=event_ns,
        received_ns=event_ns,
        bid=Decimal("70.00"),
        bid_size=1,
        ask=Decimal("70.02"),
        ask_size=1,
    )


GAP = Gap(
    venue="cme",
    source="sandbox",
    session=1,
    expected_sequence=2,
    received_sequence=4,
    received_ns=DAY_NS,
    reason=GapReason.SEQUENCE,
)


def batch(*events: MarketEvent) -> MarketBatch:
    return MarketBatch.of("cme", "sandbox", events)


@asynccontextmanager
async def market(urls: DatabaseUrls, cache_url: str) -> AsyncIterator[MarketActor]:
    config = MarketConfig(
        database=urls, cache_url=cache_url, sources=(("CL", "sandbox"),), snapshot_interval_s=0.02
    )
    actor = MarketActor.__new__(MarketActor)
    await actor.__init__(config, SystemClock())  # type: ignore[misc]
    try:
        yield actor
    finally:
        await actor.close()


async def settled_at(actor: MarketActor) -> Decimal | None:
    try:
        curve = await actor.curve("CL")
    except CurveNotFound:
        return None
    return curve.points[0].settlement if curve.points else None


async def until_settled_at(actor: MarketActor, price: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while await settled_at(actor) != Decimal(price):  # noqa: ASYNC110 - it sets no event of ours
            await asyncio.sleep(0.02)


async def announce(pools: Pools, *announced: Settlement) -> None:
    async with pools.system() as connection:
        await settlements.store_announced(connection, announced)


async def test_a_restart_while_the_database_is_away_learns_the_settlements_later(
    database: Any, cache: Any, valkey_server: str, pools: Pools, monkeypatch: pytest.MonkeyPatch
) -> None:
    del cache
    await announce(pools, settlement("70.10", SettlementStage.FINAL, DAY_NS))
    nowhere = "postgresql://nobody@/none?host=/nonexistent"
    absent = DatabaseUrls(app=nowhere, read=nowhere, system=nowhere)
    async with market(absent, valkey_server) as actor:
        assert await settled_at(actor) is None
        monkeypatch.setattr(actor, "_pools", pools)
        await until_settled_at(actor, "70.10")
        monkeypatch.undo()


async def test_a_curve_is_told_again_only_once_it_changed(
    database: Any, cache: Any, valkey_server: str
) -> None:
    del cache
    async with market(database.urls, valkey_server) as actor:
        await actor.apply(batch(quote(DAY_NS, 1)))
        curve = await actor.newer_curve("CL", -1)
        assert curve is not None
        assert await actor.newer_curve("CL", curve.version) is None
        await actor.apply(batch(quote(DAY_NS + 1, 2)))
        newer = await actor.newer_curve("CL", curve.version)
        assert newer is not None
        assert newer.version == curve.version + 1


async def test_a_snapshot_does_not_hide_what_was_settled_after_it(
    database: Any, cache: Any, valkey_server: str, pools: Pools
) -> None:
    async with market(database.urls, valkey_server) as actor:
        await actor.apply(batch(settlement("69.00", SettlementStage.PRELIMINARY, DAY_NS)))
        async with asyncio.timeout(WITHIN_S):
            while await cache.get_snapshot("curve:CL") is None:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
    await announce(pools, settlement("70.10", SettlementStage.FINAL, DAY_NS + 1))
    async with market(database.urls, valkey_server) as actor:
        assert await settled_at(actor) == Decimal("70.10")


async def test_a_quote_older_than_the_last_one_makes_no_contract_good_again(
    database: Any, cache: Any, valkey_server: str
) -> None:
    del cache
    async with market(database.urls, valkey_server) as actor:
        await actor.apply(batch(quote(DAY_NS, 1), GAP, quote(DAY_NS - 1, 3)))
        [point] = (await actor.curve("CL")).points
        assert point.is_suspect
        await actor.apply(batch(quote(DAY_NS + 1, 4)))
        [point] = (await actor.curve("CL")).points
        assert not point.is_suspect
