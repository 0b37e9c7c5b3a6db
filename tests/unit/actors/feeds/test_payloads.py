"""Check what a feed puts on the hot stream: every field, decimals as text, marks to whom."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.feeds.payloads import stream_payloads
from core.clock import ns_from_utc
from core.market import (
    ContractMonth,
    Gap,
    GapReason,
    Healed,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    SettlementStage,
    Side,
    Staleness,
    Trade,
)

EVENT_NS = 1_703_878_200_123_456_789
TIME = "2023-12-29T19:30:00.123456Z"
COMMON = {
    "product": "CL",
    "contract": "202402",
    "symbol": "CLG24",
    "source": "sandbox",
    "event_time": TIME,
    "event_ns": str(EVENT_NS),
}
CRUDE = Instrument("CL", ContractMonth(2024, 2))
NEXT_CRUDE = Instrument("CL", ContractMonth(2024, 3))
GAS = Instrument("NG", ContractMonth(2024, 2))
TRADE = Trade(
    instrument=CRUDE,
    source="sandbox",
    entry_id="7",
    event_ns=EVENT_NS,
    received_ns=EVENT_NS,
    price=Decimal("-37.630"),
    size=3,
    aggressor=Side.SELL,
)
SETTLED = Settlement(
    instrument=CRUDE,
    source="sandbox",
    trade_date=date(2023, 12, 29),
    price=Decimal("71.65"),
    stage=SettlementStage.FINAL,
    event_ns=EVENT_NS,
    received_ns=EVENT_NS,
)
GAP = Gap(
    venue="cme",
    source="sandbox",
    session=3,
    expected_sequence=10,
    received_sequence=12,
    received_ns=EVENT_NS,
    reason=GapReason.SEQUENCE,
)
HEALED = Healed(
    venue="cme", source="sandbox", session=3, received_ns=EVENT_NS, instruments=(CRUDE, GAS)
)
SILENT = Staleness(
    instrument=CRUDE,
    venue="cme",
    source="sandbox",
    is_stale=True,
    silent_since_ns=EVENT_NS - 10**9,
    limit_s=30.0,
    received_ns=EVENT_NS,
)


def quote(**changes: Any) -> Quote:
    fields: dict[str, Any] = {
        "instrument": CRUDE,
        "source": "sandbox",
        "session": 3,
        "sequence": 9,
        "frame_index": 0,
        "event_ns": EVENT_NS,
        "received_ns": EVENT_NS + 1,
        "bid": Decimal("71.60"),
        "bid_size": 4,
        "ask": Decimal("71.65"),
        "ask_size": 2,
    }
    return Quote(**{**fields, **changes})


def one(event: MarketEvent) -> dict[str, Any]:
    ((payload,),) = stream_payloads([event], ["CL"]).values()
    fields: dict[str, Any] = json.loads(payload)
    return fields


def test_a_quote() -> None:
    sides = {"bid": "71.60", "bid_size": 4, "ask": "71.65", "ask_size": 2}
    assert one(quote()) == {"event": "quote", **COMMON, **sides}


def test_a_side_without_orders_is_null() -> None:
    fields = one(quote(bid=None, bid_size=None))
    assert (fields["bid"], fields["bid_size"], fields["ask"]) == (None, None, "71.65")


def test_a_trade() -> None:
    assert one(TRADE) == {
        "event": "trade",
        **COMMON,
        "price": "-37.630",
        "size": 3,
        "aggressor": "sell",
    }
    assert one(msgspec.structs.replace(TRADE, aggressor=None))["aggressor"] is None


def test_a_settlement() -> None:
    assert one(SETTLED) == {
        "event": "settlement",
        **COMMON,
        "price": "71.65",
        "trade_date": "2023-12-29",
        "stage": "final",
    }


def test_a_gap() -> None:
    assert one(GAP) == {
        "event": "gap",
        "venue": "cme",
        "source": "sandbox",
        "reason": "sequence",
        "expected_sequence": 10,
        "received_sequence": 12,
        "received_time": TIME,
        "instruments": [],
    }


def test_a_mark_goes_to_the_products_of_its_instruments_and_names_theirs_only() -> None:
    gap = msgspec.structs.replace(GAP, instruments=(CRUDE, GAS, NEXT_CRUDE))
    payloads = stream_payloads([gap, HEALED], ["CL", "NG", "HO"])
    named = {
        product: [(mark["event"], mark["instruments"]) for mark in map(json.loads, listed)]
        for product, listed in payloads.items()
    }
    assert named == {
        "CL": [("gap", ["CL-202402", "CL-202403"]), ("healed", ["CL-202402"])],
        "NG": [("gap", ["NG-202402"]), ("healed", ["NG-202402"])],
    }


def test_a_healing() -> None:
    assert one(msgspec.structs.replace(HEALED, instruments=(CRUDE,))) == {
        "event": "healed",
        "venue": "cme",
        "source": "sandbox",
        "received_time": TIME,
        "instruments": ["CL-202402"],
    }


def test_a_silence_and_its_end() -> None:
    silent = {
        "product": "CL",
        "contract": "202402",
        "symbol": "CLG24",
        "venue": "cme",
        "source": "sandbox",
        "silent_since": "2023-12-29T19:29:59.123456Z",
        "limit_s": 30.0,
        "received_time": TIME,
    }
    assert one(SILENT) == {"event": "stale", **silent}
    assert one(msgspec.structs.replace(SILENT, is_stale=False)) == {"event": "fresh", **silent}


EVERY_KIND = [quote(), TRADE, SETTLED, GAP, HEALED, SILENT]


@pytest.mark.parametrize("event", EVERY_KIND, ids=lambda event: type(event).__name__)
def test_the_kind_comes_first(event: MarketEvent) -> None:
    for listed in stream_payloads([event], ["CL"]).values():
        assert all(payload.startswith(b'{"event":"') for payload in listed)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9))
def test_prices_keep_every_digit(price: Decimal) -> None:
    assert Decimal(one(msgspec.structs.replace(TRADE, price=price))["price"]) == price


@pytest.mark.parametrize("micros", [0, 1, 999_999])
def test_times_are_read_back(micros: int) -> None:
    event_ns = EVENT_NS - EVENT_NS % 10**9 + micros * 1000
    fields = one(msgspec.structs.replace(TRADE, event_ns=event_ns))
    assert ns_from_utc(datetime.fromisoformat(fields["event_time"])) == event_ns


def test_products_are_kept_apart_and_in_order() -> None:
    gas = quote(instrument=GAS)
    payloads = stream_payloads([TRADE, gas, quote(), SETTLED], ["CL", "NG", "HO"])
    kinds = {
        product: [json.loads(payload)["event"] for payload in listed]
        for product, listed in payloads.items()
    }
    assert kinds == {"CL": ["trade", "quote", "settlement"], "NG": ["quote"]}


def test_a_gap_goes_to_every_product_at_its_place() -> None:
    payloads = stream_payloads([quote(), GAP, TRADE], ["CL", "NG"])
    assert [json.loads(payload)["event"] for payload in payloads["CL"]] == ["quote", "gap", "trade"]
    assert [json.loads(payload)["event"] for payload in payloads["NG"]] == ["gap"]


def test_nothing_received_is_nothing_sent() -> None:
    assert stream_payloads([], ["CL"]) == {}
