"""Hold the wire-format contract: the documented examples, round trips, and hostile bytes."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from core.clock import utc_from_ns
from core.errors import BadFrame
from core.market import (
    ContractMonth,
    Instrument,
    Quote,
    Settlement,
    SettlementStage,
    Side,
    Trade,
)
from integrations.cme.codec import (
    CmeDecoder,
    Control,
    decode_control,
    encode_subscribe,
)
from integrations.cme.sandbox.messages import (
    decode_request,
    encode_heartbeat,
    encode_login_status,
    encode_settlements,
    encode_subscription_error,
    encode_subscription_status,
    encode_top_of_book,
    encode_trades,
    globex_symbol,
)
from integrations.cme.timestamps import parse_ns
from integrations.cme.wire import MessageKind
from integrations.venue import Decoded

SESSION, RECEIVED_NS, SOURCE = 7, 1_795_193_272_200_000_000, "cme"
SENT_NS = 1_795_193_272_155_000_000
CLZ6 = Instrument.parse("CL-202612")
WIRE_INSTRUMENT = {
    "definitionSource": "E",
    "exchangeMic": "XNYM",
    "id": "1",
    "marketSeqmentId": "80",
    "periodCode": "202612",
    "productCode": "CL",
    "productGroup": "CL",
    "productType": "FUT",
    "symbol": "CLZ6",
}


def read(frame: bytes) -> Decoded:
    return CmeDecoder(SESSION, SOURCE).decode(frame, RECEIVED_NS)


def control(frame: bytes) -> Control:
    read_control = decode_control(frame)
    assert read_control is not None
    assert read(frame).bad is None
    assert (read(frame).events, read(frame).skipped) == ((), ())
    return read_control


def message(message_type: str, payload: object = None, **header: Any) -> bytes:
    envelope: dict[str, object] = {
        "header": {
            "messageType": message_type,
            "sentTime": "2026-11-20T16:47:52.155000000Z",
            "version": "1.0",
            "sequenceNumber": "57",
            **header,
        }
    }
    if payload is not None:
        envelope["payload"] = payload
    return json.dumps(envelope).encode()


def top(**entry: object) -> dict[str, object]:
    level = {"orderCnt": "5", "lastUpdateTime": "2026-11-20T16:47:52.154123456Z"}
    return {
        "lastUpdateTime": "2026-11-20T16:47:52.154123456Z",
        "bidLevel": [{"price": "71.41", "qty": "12", **level}],
        "askLevel": [{"price": "71.42", "qty": "9", **level}],
        "instrument": WIRE_INSTRUMENT,
        **entry,
    }


def trade(**summary: object) -> dict[str, object]:
    return {
        "lastUpdateTime": "2026-11-20T16:47:52.154000001Z",
        "tradeSummary": {
            "aggressorSide": "1",
            "mdTradeEntryId": "123",
            "tradePrice": "71.42",
            "tradeQty": "3",
            "tradeOrderCount": "2",
            "tradeUpdateAction": "NEW",
            **summary,
        },
        "instrument": WIRE_INSTRUMENT,
    }


def statistics(**changed: object) -> dict[str, object]:
    fields = {
        "settlementPrice": "71.35",
        "settlementPriceDate": "2026-11-20",
        "settlementPriceTimestamp": "2026-11-20T23:17:05.712524071Z",
        "settlementActual": True,
        "settlementFinal": True,
        "settlementRounded": False,
        **changed,
    }
    return {
        "lastUpdateTime": "2026-11-20T23:17:06.000000000Z",
        "tradeStatistics": {name: value for name, value in fields.items() if value is not None},
        "instrument": WIRE_INSTRUMENT,
    }


@pytest.mark.parametrize("message_type", ["LOGINSTATUS", "LOGIN_STATUS"])
@pytest.mark.parametrize("status", ["authenticated", "AUTHENTICATED"])
def test_login_is_read_in_both_spellings(message_type: str, status: str) -> None:
    frame = message(message_type, {"status": status}, sequenceNumber="0")
    assert control(frame).kind is MessageKind.LOGIN_STATUS
    assert control(frame).is_login_accepted
    assert read(frame) == Decoded(sequence=0, sent_ns=SENT_NS)
    assert not control(message(message_type, {"status": "failed"})).is_login_accepted


def test_heartbeat_has_no_payload() -> None:
    assert control(message("HEARTBEAT")) == Control(kind=MessageKind.HEARTBEAT)
    assert read(message("HEARTBEAT")) == Decoded(sequence=57, sent_ns=SENT_NS)


@pytest.mark.parametrize("as_list", [True, False])
@pytest.mark.parametrize("segment_key", ["marketSeqmentId", "marketSegmentId"])
def test_top_of_book(as_list: bool, segment_key: str) -> None:
    instrument = {**WIRE_INSTRUMENT, segment_key: "80"}
    entry = top(instrument=instrument)
    frame = read(message("TOB", [entry] if as_list else entry))
    assert frame.events == (
        Quote(
            instrument=CLZ6,
            source=SOURCE,
            session=SESSION,
            sequence=57,
            frame_index=0,
            event_ns=SENT_NS - 876_544,
            received_ns=RECEIVED_NS,
            bid=Decimal("71.41"),
            bid_size=12,
            ask=Decimal("71.42"),
            ask_size=9,
        ),
    )


def test_an_empty_side_is_no_quote() -> None:
    (quote,) = read(message("TOB", [top(bidLevel=[])])).events
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_size, quote.ask) == (None, None, Decimal("71.42"))


@pytest.mark.parametrize(
    ("written", "side"),
    [("1", Side.BUY), ("2", Side.SELL), ("SELL", Side.SELL), (1, Side.BUY), (None, None)],
)
def test_trade(written: str | int | None, side: Side | None) -> None:
    frame = read(message("TRD", [trade(aggressorSide=written)]))
    assert frame.events == (
        Trade(
            instrument=CLZ6,
            source=SOURCE,
            entry_id="123",
            event_ns=SENT_NS - 999_999,
            received_ns=RECEIVED_NS,
            price=Decimal("71.42"),
            size=3,
            aggressor=side,
        ),
    )


def test_a_cancelled_trade_is_reported_not_passed_on() -> None:
    frame = read(message("TRD", [trade(tradeUpdateAction="DELETE"), trade()]))
    assert len(frame.events) == 1
    assert frame.skipped == ("trade action DELETE",)


@pytest.mark.parametrize(
    ("final", "stage"),
    [
        (True, SettlementStage.FINAL),
        (1, SettlementStage.FINAL),
        (False, SettlementStage.PRELIMINARY),
        (0, SettlementStage.PRELIMINARY),
        (None, SettlementStage.PRELIMINARY),
    ],
)
def test_settlement(final: bool | int | None, stage: SettlementStage) -> None:
    frame = read(message("STAT", [statistics(settlementFinal=final)]))
    assert frame.events == (
        Settlement(
            instrument=CLZ6,
            source=SOURCE,
            trade_date=date(2026, 11, 20),
            price=Decimal("71.35"),
            stage=stage,
            event_ns=parse_ns("2026-11-20T23:17:05.712524071Z"),
            received_ns=RECEIVED_NS,
        ),
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"settlementPrice": None}, "statistics without a settlement"),
        ({"settlementPriceDate": None}, "settlement without a date"),
        ({"settlementActual": 0}, "theoretical settlement"),
        ({"settlementPriceDate": "2026-11-28"}, "settlement of a day to come"),
    ],
)
def test_partial_statistics_are_not_settlements(changed: dict[str, Any], reason: str) -> None:
    frame = read(message("STAT", [statistics(**changed)]))
    assert (frame.events, frame.skipped) == ((), (reason,))


@pytest.mark.parametrize(
    "changed",
    [
        {"productType": "OOF"},
        {"productCode": "ES"},
        {"productCode": "TTF"},
        {"periodCode": "", "symbol": "CLZ6-CLF7"},
        {"periodCode": "202612w1"},
    ],
)
def test_other_instruments_are_reported_not_passed_on(changed: dict[str, str]) -> None:
    entry = top(instrument={**WIRE_INSTRUMENT, **changed})
    frame = read(message("TOB", [entry, top()]))
    assert len(frame.skipped) == 1
    (quote,) = frame.events
    assert isinstance(quote, Quote)
    assert quote.frame_index == 1


@pytest.mark.parametrize("payload", [None, [], {"what": [1, "x"]}, [{"bidLevel": 3}], "text", 5])
def test_an_unknown_type_is_reported(payload: object) -> None:
    frame = message("SECURITY_STATUS", payload)
    skipped = ("message SECURITY_STATUS",)
    assert read(frame) == Decoded(sequence=57, sent_ns=SENT_NS, skipped=skipped)
    assert decode_control(frame) is None


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (message("TOB", [top()])[:-7], "truncated"),
        (b"\x00\xff\xfe", "json"),
        (b'{"x":' * 100_000, "json"),
        (message("HEARTBEAT") + b"}", "json"),
        (message("TRD", [trade()]).replace(b'"123"', b'"\xff"'), "json"),
        (b"[]", "field"),
        (b"{}", "field"),
        (b'{"header":{}}', "field"),
        (message("TOB", [top(bidLevel=[{"price": "NaN", "qty": "1"}])]), "field"),
        (message("TOB", [top(bidLevel=[{"price": "Infinity", "qty": "1"}])]), "field"),
        (message("TOB", [top(bidLevel=[{"price": "1e300000", "qty": "1"}])]), "field"),
        (message("TOB", [top(bidLevel=[{"price": "1e-30", "qty": "1"}])]), "field"),
        (message("TOB", [top(bidLevel=[{"price": "cheap", "qty": "1"}])]), "field"),
        (message("TOB", [top(bidLevel=[{"price": "1.0", "qty": "-1"}])]), "field"),
        (message("TOB", [top(bidLevel=[{"price": "1.0", "qty": "9" * 30}])]), "field"),
        (message("TOB", [top(lastUpdateTime="yesterday")]), "field"),
        (message("TOB", [top(lastUpdateTime="9999-01-01T00:00:00.000000000Z")]), "field"),
        (message("TOB", [top(instrument={**WIRE_INSTRUMENT, "periodCode": "202613"})]), "field"),
        (message("TOB", "text"), "field"),
        (message("TRD", [trade(mdTradeEntryId="a\0b")]), "field"),
        (message("TRD", [trade(), trade(tradePrice="?")]), "field"),
        (message("STAT", [statistics(settlementPriceDate="2026-02-30")]), "field"),
        (message("HEARTBEAT", sequenceNumber="-1"), "field"),
        (message("HEARTBEAT", sequenceNumber="many"), "field"),
        (message("HEARTBEAT", sentTime="2026-11-20T16:47:52.155000000"), "field"),
    ],
)
def test_garbage_has_a_named_reason(frame: bytes, reason: str) -> None:
    assert read(frame) == Decoded(bad=reason)
    decode_control(frame)


def test_a_status_that_is_no_text_says_nothing() -> None:
    for damage in (b'"\xed"', b"7", b'"\xff'):
        frame = message("LOGINSTATUS", {"status": "?"}).replace(b'"?"', damage)
        assert decode_control(frame) is None


def test_a_type_is_found_wherever_it_stands() -> None:
    usual = message("TOB", [top()])
    parts = json.loads(usual)
    parts["header"] = dict(reversed(parts["header"].items()))
    for unusual in (
        json.dumps(parts).encode(),
        json.dumps(parts, indent=2).encode(),
        json.dumps(dict(reversed(parts.items())), separators=(",", ":")).encode(),
        usual.replace(b'"messageType": "TOB"', b'"messageType": "tob"'),
    ):
        assert unusual != usual
        assert read(unusual) == read(usual)
    # What stands where the type usually does belongs to another field here.
    lying = b'{"header":{"messageTypo":"TRD","messageType":"TOB",' + usual.split(b'"TOB", ')[1]
    assert read(lying) == read(usual)


def bad_words(decoded: Decoded) -> bool:
    is_empty = decoded.events == () and decoded.sequence is None
    return decoded.bad is None or (decoded.bad in {"json", "field", "truncated"} and is_empty)


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_bytes_never_crash_the_decoder(frames: list[bytes]) -> None:
    decoder = CmeDecoder(SESSION, SOURCE)
    for frame in frames:
        assert bad_words(decoder.decode(frame, RECEIVED_NS))
        decode_control(frame)


@given(st.data())
def test_damaged_frames_never_crash_the_decoder(data: st.DataObject) -> None:
    kind, entry = data.draw(st.sampled_from([("TOB", top()), ("TRD", trade()), ("STAT", top())]))
    whole = message(kind, [entry, top(), trade(), statistics()])
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    damaged = whole[:start] + data.draw(st.binary(max_size=12)) + whole[end:]
    decoded = read(damaged)
    assert bad_words(decoded)
    assert all(isinstance(event, Quote | Trade | Settlement) for event in decoded.events)
    decode_control(damaged)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(["TOB", "TRD", "STAT", "LOGIN_STATUS", "SUBSCRIPTION_ERROR", "X"]),
    st.dictionaries(
        st.sampled_from(["lastUpdateTime", "bidLevel", "askLevel", "tradeSummary", "instrument"]),
        anything,
    ),
    anything,
)
def test_any_json_is_understood_or_bad(kind: str, entry: dict[str, object], rest: object) -> None:
    for payload in ([{**top(), **trade(), **entry}], [entry, rest], rest):
        frame = message(kind, payload)
        assert bad_words(read(frame))
        decode_control(frame)


def nanoseconds() -> st.SearchStrategy[int]:
    return st.integers(946_684_800_000_000_000, 4_102_444_800_000_000_000 - 1)


instruments = st.builds(
    Instrument,
    st.sampled_from(["CL", "NG", "HO", "RB", "BZ"]),
    st.builds(ContractMonth, st.integers(2000, 2099), st.integers(1, 12)),
)
prices = st.decimals(Decimal(-1000), Decimal(1000), places=4)
sizes = st.integers(0, 10**9)


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    has_bid, has_ask = draw(st.booleans()), draw(st.booleans())
    return Quote(
        instrument=draw(instruments),
        source=SOURCE,
        session=SESSION,
        sequence=0,
        frame_index=0,
        event_ns=draw(nanoseconds()),
        received_ns=RECEIVED_NS,
        bid=draw(prices) if has_bid else None,
        bid_size=draw(sizes) if has_bid else None,
        ask=draw(prices) if has_ask else None,
        ask_size=draw(sizes) if has_ask else None,
    )


trades = st.builds(
    Trade,
    instrument=instruments,
    source=st.just(SOURCE),
    entry_id=st.text(
        st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40
    ),
    event_ns=nanoseconds(),
    received_ns=st.just(RECEIVED_NS),
    price=prices,
    size=sizes,
    aggressor=st.sampled_from([None, Side.BUY, Side.SELL]),
)


def on_day(event_ns: int) -> date:
    return utc_from_ns(event_ns).date()


settlements = st.builds(
    Settlement,
    instrument=instruments,
    source=st.just(SOURCE),
    trade_date=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    price=prices,
    stage=st.sampled_from([SettlementStage.PRELIMINARY, SettlementStage.FINAL]),
    event_ns=nanoseconds(),
    received_ns=st.just(RECEIVED_NS),
).map(lambda one: structs.replace(one, trade_date=min(one.trade_date, on_day(one.event_ns))))


@given(quotes(), st.integers(0, 2**62 - 1))
def test_quotes_survive_the_wire(quote: Quote, sequence: int) -> None:
    frame = read(encode_top_of_book(sequence, SENT_NS, [quote]))
    (received,) = frame.events
    assert isinstance(received, Quote)
    assert frame.sequence == received.sequence == sequence
    assert (received.bid, received.bid_size) == (quote.bid, quote.bid_size)
    assert (received.ask, received.ask_size) == (quote.ask, quote.ask_size)
    assert (received.instrument, received.event_ns) == (quote.instrument, quote.event_ns)


@given(st.lists(trades, max_size=4))
def test_trades_survive_the_wire(sent: list[Trade]) -> None:
    assert list(read(encode_trades(1, SENT_NS, sent)).events) == sent


@given(st.lists(settlements, max_size=4))
def test_settlements_survive_the_wire(sent: list[Settlement]) -> None:
    assert list(read(encode_settlements(1, SENT_NS, sent)).events) == sent


def test_requests_survive_the_wire() -> None:
    request = decode_request(encode_subscribe(3, "CL"))
    assert request.request_id == "3"
    assert request.header.message_type == "SUBSCRIBE"
    (subscription,) = request.payload.subscriptions
    assert (subscription.product_code, subscription.period_codes) == ("CL", [])
    assert request.payload.subscription_message_types == ["TRD", "TOB", "STAT"]
    with pytest.raises(BadFrame):
        decode_request(b'{"header":{}}')


def test_control_messages_survive_the_wire() -> None:
    request = decode_request(encode_subscribe(3, "CL"))
    assert control(encode_login_status(0, SENT_NS, "authenticated")).is_login_accepted
    assert read(encode_heartbeat(4, SENT_NS)).sequence == 4
    accepted = control(encode_subscription_status(1, SENT_NS, request, "SUBSCRIBED"))
    assert (accepted.kind, accepted.request_id) == (MessageKind.SUBSCRIPTION_STATUS, "3")
    assert accepted.status == "SUBSCRIBED"
    refused = control(encode_subscription_error(1, SENT_NS, "3", "XX is not known"))
    assert (refused.kind, refused.text) == (MessageKind.SUBSCRIPTION_ERROR, "XX is not known")


def test_symbols_have_one_year_digit_for_ten_years() -> None:
    assert globex_symbol(CLZ6, 2026) == "CLZ6"
    assert globex_symbol(Instrument.parse("CL-203402"), 2024) == "CLG34"
