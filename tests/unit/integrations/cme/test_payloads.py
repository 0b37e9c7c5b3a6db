"""Hold the codec to payloads of stated provenance, kept byte for byte in tests/data/cme."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core.market import Instrument, Quote, Settlement, SettlementStage, Side, Trade
from integrations.cme.codec import CmeDecoder, Control, decode_control
from integrations.cme.reference import (
    decode_instruments,
    decode_product_guid,
    decode_schedule,
    decode_schedule_id,
)
from integrations.cme.timestamps import parse_ns
from integrations.cme.wire import MessageKind
from integrations.venue import Decoded, ListedContract

FOLDER = Path(__file__).parents[3] / "data" / "cme"
METADATA = json.loads((FOLDER / "metadata.json").read_text())
SESSION, RECEIVED_NS = 3, 1_795_193_272_200_000_000
GUID = "5b747007-3d45-5895-8fa2-93269a3f71e4"


def payload(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def decoded(name: str) -> Decoded:
    return CmeDecoder(SESSION, "cme").decode(payload(name), RECEIVED_NS)


def test_every_payload_states_where_it_comes_from() -> None:
    listed = {row["file"]: row for row in METADATA}
    files = {path.name for path in FOLDER.iterdir()} - {"metadata.json"}
    assert set(listed) == files
    for name, row in listed.items():
        origin = "vendor documentation" if name.startswith("documented-") else "captured from"
        assert row["origin"].startswith(origin)
        assert row["sha256"] == hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()


QUOTES = {
    "documented-top": ("CL-202612", 56, "154123456", "71.41", 12, "71.42", 9),
    "captured-top": ("NG-202612", 4, "403391251", "3.623", 37, "3.625", 2),
}


@pytest.mark.parametrize("name", QUOTES)
def test_tops_of_book(name: str) -> None:
    symbol, sequence, fraction, bid, bid_size, ask, ask_size = QUOTES[name]
    second = {"documented-top": "16:47:52", "captured-top": "15:00:00"}[name]
    quote = Quote(
        instrument=Instrument.parse(symbol),
        source="cme",
        session=SESSION,
        sequence=sequence,
        frame_index=0,
        event_ns=parse_ns(f"2026-11-20T{second}.{fraction}Z"),
        received_ns=RECEIVED_NS,
        bid=Decimal(bid),
        bid_size=bid_size,
        ask=Decimal(ask),
        ask_size=ask_size,
    )
    assert decoded(name).events == (quote,)


TRADES = {
    "documented-trade": ("CL-202612", "123", "16:47:52.154000001", "71.42", 3, Side.BUY),
    "captured-trade": ("NG-202612", "17951868005-3", "15:00:00.530217021", "3.623", 22, Side.SELL),
}


@pytest.mark.parametrize("name", TRADES)
def test_trades(name: str) -> None:
    symbol, entry_id, moment, price, size, side = TRADES[name]
    trade = Trade(
        instrument=Instrument.parse(symbol),
        source="cme",
        entry_id=entry_id,
        event_ns=parse_ns(f"2026-11-20T{moment}Z"),
        received_ns=RECEIVED_NS,
        price=Decimal(price),
        size=size,
        aggressor=side,
    )
    assert decoded(name).events == (trade,)


SETTLEMENTS = {
    "documented-statistics": (
        "CL-202612",
        date(2026, 11, 20),
        "71.35",
        "2026-11-20T23:17:05.712524071Z",
    ),
    "captured-statistics": ("NG-202612", date(2026, 11, 19), "3.727", "2026-11-20T00:00:00Z"),
}


@pytest.mark.parametrize("name", SETTLEMENTS)
def test_settlements(name: str) -> None:
    symbol, day, price, moment = SETTLEMENTS[name]
    settlement = Settlement(
        instrument=Instrument.parse(symbol),
        source="cme",
        trade_date=day,
        price=Decimal(price),
        stage=SettlementStage.FINAL,
        event_ns=parse_ns(moment),
        received_ns=RECEIVED_NS,
    )
    assert decoded(name).events == (settlement,)


LOGIN = Control(kind=MessageKind.LOGIN_STATUS, status="AUTHENTICATED")
HEARTBEAT = Control(kind=MessageKind.HEARTBEAT)
CONTROLS = {
    "documented-login": LOGIN,
    "documented-login-as-specified": LOGIN,
    "captured-login": LOGIN,
    "documented-heartbeat": HEARTBEAT,
    "captured-heartbeat": HEARTBEAT,
    "captured-subscription-status": Control(
        kind=MessageKind.SUBSCRIPTION_STATUS, status="SUBSCRIBED", request_id="1"
    ),
    "captured-subscription-error": Control(
        kind=MessageKind.SUBSCRIPTION_ERROR,
        status="ERROR",
        text="not entitled to product XX",
        request_id="2",
    ),
}


@pytest.mark.parametrize("name", CONTROLS)
def test_messages_about_the_session(name: str) -> None:
    assert decode_control(payload(name)) == CONTROLS[name]
    said = decoded(name)
    assert (said.bad, said.events, said.skipped) == (None, (), ())
    assert said.sent_ns is not None


def test_reference_documents() -> None:
    assert decode_product_guid(payload("captured-products"), "NG") == GUID
    assert decode_product_guid(payload("captured-products"), "CL") is None
    listed, following = decode_instruments(payload("captured-instruments"), "NG")
    assert listed == [
        ListedContract(
            instrument=Instrument.parse("NG-202612"),
            symbol="NGZ6",
            last_trade_date=date(2026, 11, 25),
            first_trade_date=date(2023, 11, 1),
            first_notice_date=date(2026, 11, 27),
            first_delivery_date=date(2026, 12, 1),
            final_settlement_date=date(2026, 11, 25),
        )
    ]
    assert following is not None
    assert following.endswith(f"/instruments?productGuid={GUID}&page=1&size=2")
    assert decode_schedule_id(payload("captured-schedules")) == "NG"
    days = decode_schedule(payload("captured-schedule"))
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 19), date(2026, 12, 2), 9)
    assert date(2026, 11, 26) not in days
