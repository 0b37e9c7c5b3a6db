"""Hold the decoder: what single messages say, and what is never passed on."""

import hashlib
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.market import Gap, Instrument, Quote, Settlement, SettlementStage, Side, Trade
from core.products import FED_PRODUCTS, PRODUCTS, Venue
from integrations.ice.client import SPEC
from integrations.ice.codec import ASSUMPTIONS, IceDecoder, data_request
from integrations.ice.fields import PRODUCT_OF, SYMBOL_OF, long_symbol
from integrations.ice.fix import FixFramer, encode
from integrations.venue import Decoded

DATA = Path(__file__).parents[3] / "data" / "ice"
SESSION, RECEIVED_NS = 11, 1_795_190_400_500_000_000
SENT_NS = 1_795_190_400_000_000_000  # 2026-11-20 16:00 UTC
BRENT, NBP = Instrument.parse("B-202702"), Instrument.parse("NBP-202701")
Fields = list[tuple[int, str]]
IN_W: Fields = [(55, "BRN"), (207, "ICE"), (167, "FUT"), (200, "202702")]
IN_X: Fields = [(55, "BRN"), (207, "ICE"), (200, "202702")]
MOMENT: Fields = [(272, "20261120"), (273, "16:00:00.123")]
BOTH_SIDES: Fields = [
    (269, "0"),
    (270, "71.41"),
    (271, "12"),
    (269, "1"),
    (270, "71.42"),
    (271, "9"),
]


def frame(kind: str, number: int, fields: Fields) -> bytes:
    return encode(kind, fields, sequence=number, sent_ns=SENT_NS, sender="ICEMD", target="CLIENT")


def image(number: int = 1, entries: Fields | None = None, names: Fields | None = None) -> bytes:
    entries = BOTH_SIDES if entries is None else entries
    count = str(sum(tag == 269 for tag, _ in entries))
    return frame("W", number, [(262, "r1"), *(names or IN_W), (268, count), *entries])


def update(number: int, *entries: Fields) -> bytes:
    body = [pair for entry in entries for pair in entry]
    return frame("X", number, [(262, "r1"), (268, str(len(entries))), *body])


def side(kind: str, price: str, size: str = "7", action: str = "1") -> Fields:
    return [(279, action), (269, kind), *IN_X, (270, price), (271, size), *MOMENT]


def traded(*more: tuple[int, str], action: str = "0") -> Fields:
    return [(279, action), (269, "2"), *IN_X, (270, "71.42"), (271, "3"), *MOMENT, *more]


def settled(*more: tuple[int, str]) -> Fields:
    return [(279, "0"), (269, "6"), *IN_X, (270, "71.38"), *more]


def read(*frames: bytes) -> Decoded:
    """Return what the last of these says, to a decoder that heard them all."""
    decoder = IceDecoder(SESSION, "ice")
    return [decoder.decode(one, RECEIVED_NS) for one in frames][-1]


def only(decoded: Decoded) -> object:
    assert decoded.bad is None
    [event] = decoded.events
    return event


def test_an_image_is_the_whole_top_of_a_book() -> None:
    decoded = read(image())
    assert (decoded.sequence, decoded.sent_ns) == (1, SENT_NS)
    assert only(decoded) == Quote(
        instrument=BRENT,
        source="ice",
        session=SESSION,
        sequence=1,
        frame_index=0,
        event_ns=SENT_NS,
        received_ns=RECEIVED_NS,
        bid=Decimal("71.41"),
        bid_size=12,
        ask=Decimal("71.42"),
        ask_size=9,
    )


def test_an_update_changes_one_side_and_tells_both() -> None:
    quote = only(read(image(), update(2, side("0", "71.40"))))
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (
        Decimal("71.40"),
        7,
        Decimal("71.42"),
        9,
    )
    assert (quote.sequence, quote.event_ns) == (2, SENT_NS + 123_000_000)


def test_both_sides_in_one_message_are_one_quote() -> None:
    quote = only(read(image(), update(2, side("0", "71.50"), side("1", "71.51"))))
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.ask) == (Decimal("71.50"), Decimal("71.51"))


def test_a_deleted_side_is_empty_and_an_empty_image_empties_both() -> None:
    deleted = only(read(image(), update(2, [(279, "2"), (269, "1"), *IN_X])))
    assert isinstance(deleted, Quote)
    assert (deleted.bid, deleted.ask, deleted.ask_size) == (Decimal("71.41"), None, None)
    empty = only(read(image(), image(2, [])))
    assert isinstance(empty, Quote)
    assert (empty.bid, empty.ask) == (None, None)
    assert read(image(), image(2, []), image(3, [])).events == ()


def test_a_side_before_any_image_is_no_quote() -> None:
    decoded = read(update(1, side("0", "71.40")))
    assert (decoded.events, decoded.skipped) == ((), ("side before image",))


def test_deeper_levels_are_no_top() -> None:
    decoded = read(image(), update(2, [*side("0", "71.39"), (290, "2")]))
    assert (decoded.events, decoded.skipped) == ((), ("deeper level",))


def test_an_entry_without_a_symbol_is_of_the_contract_before_it() -> None:
    second: Fields = [(279, "1"), (269, "1"), (270, "71.44"), (271, "2")]
    quote = only(read(image(), update(2, side("0", "71.43"), second)))
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.ask) == (Decimal("71.43"), Decimal("71.44"))


def test_a_trade_has_its_own_id_or_its_place_in_the_session() -> None:
    named = only(read(update(1, traded((278, "T77"), (5797, "2")))))
    assert named == Trade(
        instrument=BRENT,
        source="ice",
        entry_id="T77",
        event_ns=SENT_NS + 123_000_000,
        received_ns=RECEIVED_NS,
        price=Decimal("71.42"),
        size=3,
        aggressor=Side.SELL,
    )
    placed = read(update(1, traded(), traded())).events
    assert [event.entry_id for event in placed if isinstance(event, Trade)] == ["11.1.0", "11.1.1"]


@pytest.mark.parametrize("action", ["1", "2"])
def test_a_changed_or_cancelled_trade_is_no_new_one(action: str) -> None:
    decoded = read(update(1, traded(action=action)))
    assert (decoded.events, decoded.skipped) == ((), ("trade changed or cancelled",))


def test_the_last_trade_of_an_image_is_told_once() -> None:
    last: Fields = [(269, "2"), (270, "71.42"), (271, "3")]
    anonymous = read(image(1, [*BOTH_SIDES, *last]))
    assert not any(isinstance(event, Trade) for event in anonymous.events)
    named = image(2, [*BOTH_SIDES, *last, (278, "T77")])
    assert any(isinstance(event, Trade) for event in read(image(), named).events)
    seen = update(1, traded((278, "T77")))
    assert not any(isinstance(event, Trade) for event in read(seen, named).events)


@pytest.mark.parametrize(
    ("flag", "stage"),
    [
        (None, SettlementStage.PRELIMINARY),
        ("3", SettlementStage.PRELIMINARY),
        ("0", SettlementStage.FINAL),
        ("4", SettlementStage.FINAL),
    ],
)
def test_a_settlement_has_a_day_and_a_stage(flag: str | None, stage: SettlementStage) -> None:
    more = [(272, "20261119"), *([] if flag is None else [(286, flag)])]
    assert only(read(update(1, settled(*more)))) == Settlement(
        instrument=BRENT,
        source="ice",
        trade_date=date(2026, 11, 19),
        price=Decimal("71.38"),
        stage=stage,
        event_ns=SENT_NS,
        received_ns=RECEIVED_NS,
    )


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (settled(), "settlement without a date"),
        (settled((272, "20261119"), (286, "5")), "settlement of another kind"),
        (settled((272, "20991119")), "settlement of a day to come"),
        ([(279, "2"), (269, "6"), *IN_X], "settlement deleted"),
        ([(279, "0"), (269, "B"), *IN_X, (271, "5000")], "entry type B"),
        ([(279, "0"), (269, "0"), (55, "ECF"), (200, "202702")], "FUT ECF 202702"),
        ([(279, "0"), (269, "0"), (55, "BRN"), (200, "20270215")], "FUT BRN 20270215"),
        ([(279, "0"), (269, "0"), (55, "BRN"), (167, "OPT"), (200, "202702")], "OPT BRN 202702"),
    ],
)
def test_what_is_not_an_event_of_ours_is_named(entry: Fields, why: str) -> None:
    decoded = read(update(1, entry))
    assert (decoded.bad, decoded.events, decoded.skipped) == (None, (), (why,))


def test_pence_stay_pence_and_prices_may_be_negative() -> None:
    names: Fields = [(55, "GWM"), (167, "FUT"), (200, "202701")]
    entries: Fields = [
        (269, "0"),
        (270, "-3.5"),
        (271, "5.0"),
        (269, "1"),
        (270, "82.555"),
        (271, "1"),
    ]
    quote = only(read(image(1, entries, names)))
    assert isinstance(quote, Quote)
    assert (quote.instrument, quote.bid, quote.bid_size) == (NBP, Decimal("-3.5"), 5)
    assert str(quote.ask) == "82.555"


def test_every_product_of_the_venue_has_a_symbol() -> None:
    ours = {code for code in FED_PRODUCTS if PRODUCTS[code].venue is Venue.ICE}
    assert set(PRODUCT_OF.values()) == ours == set(SPEC.products)
    assert long_symbol(BRENT) == "BRN FMG0027!"
    assert all(tag.isdecimal() for tag in ASSUMPTIONS)
    assert all(symbol in ASSUMPTIONS["55"] for symbol in SYMBOL_OF.values())


def test_shortly_before_midnight_without_a_date_is_yesterday() -> None:
    entry: Fields = [(279, "0"), (269, "2"), *IN_X, (270, "71"), (271, "1"), (273, "23:59:59.9")]
    midnight = encode(
        "X",
        [(262, "r1"), (268, "1"), *entry],
        sequence=1,
        sent_ns=SENT_NS + 8 * 3600 * 10**9 + 10**8,
        sender="A",
        target="B",
    )
    trade = only(read(midnight))
    assert isinstance(trade, Trade)
    assert trade.event_ns == SENT_NS + 8 * 3600 * 10**9 - 10**8


@pytest.mark.parametrize(
    "bad",
    [
        side("0", "NaN"),
        side("0", "1E5"),
        side("0", "71,40"),
        side("0", "1_0"),
        side("0", "71.40", size="-1"),
        side("0", "71.40", size="1.5"),
        side("0", "71.40", action="9"),
        [(279, "1"), (269, "0"), *IN_X, (271, "7")],
        [(279, "1"), (269, "0"), (200, "202702"), (270, "1"), (271, "7")],
        [(279, "1"), (269, "0"), (55, "BRN"), (200, "202713"), (270, "1"), (271, "7")],
        [(279, "1"), (269, "0"), *IN_X, (270, "1"), (270, "2"), (271, "7")],
        [*side("0", "71.40"), (83, "x")],
        traded((278, "T\x02")),
        settled((272, "20261399")),
        [(279, "1"), (269, "0"), *IN_X, (270, "1"), (271, "1"), (272, "x"), (273, "16:00:00")],
    ],
)
def test_no_part_of_a_message_with_a_bad_field_is_applied(bad: Fields) -> None:
    good = side("1", "99.99")
    for entries in ([bad], [good, bad], [bad, good]):
        decoder = IceDecoder(SESSION, "ice")
        decoder.decode(image(), RECEIVED_NS)
        before = decoder.checkpoint()
        decoded = decoder.decode(update(2, *entries), RECEIVED_NS)
        assert (decoded.bad, decoded.events) == ("field", ())
        assert decoder.checkpoint() == before


@pytest.mark.parametrize(
    "fields",
    [
        [(262, "r1"), (268, "2"), *side("0", "71.40")],
        [(262, "r1"), (268, "0"), *side("0", "71.40")],
        [(262, "r1"), (268, "1")],
        [(262, "r1")],
    ],
)
def test_a_wrong_number_of_entries_is_bad(fields: Fields) -> None:
    assert read(frame("X", 1, fields)).bad == "field"


@pytest.mark.parametrize(
    "spoilt",
    [b"", b"\xff\x00", frame("0", 1, [])[:-1], frame("0", 1, []).replace(b"35=0", b"35=1")],
)
def test_what_is_no_message_is_bad_and_changes_nothing(spoilt: bytes) -> None:
    decoder = IceDecoder(SESSION, "ice")
    before = decoder.checkpoint()
    decoded = decoder.decode(spoilt, RECEIVED_NS)
    assert decoded.bad in {"garbled", "truncated", "checksum"}
    assert (decoded.events, decoder.checkpoint()) == ((), before)


@given(
    st.lists(
        st.tuples(
            st.sampled_from("WX04Adfj5Yq"),
            st.integers(0, 12),
            st.lists(
                st.tuples(
                    st.sampled_from([36, 43, 55, 83, 123, 200, 268, 269, 270, 271, 272, 273, 279]),
                    st.sampled_from(["0", "1", "2", "6", "BRN", "202702", "71.4", "Y", "x", "é"]),
                ),
                max_size=14,
            ),
        ),
        max_size=12,
    )
)
def test_no_message_raises_and_equal_streams_read_equal(
    messages: list[tuple[str, int, Fields]],
) -> None:
    frames = [frame(kind, number, fields) for kind, number, fields in messages]
    one, other = IceDecoder(SESSION, "ice"), IceDecoder(SESSION, "ice")
    for wire in frames:
        decoded = one.decode(wire, RECEIVED_NS)
        assert decoded == other.decode(wire, RECEIVED_NS)
        assert decoded.bad is None or decoded.events == ()
        resumed = IceDecoder(SESSION, "ice")
        resumed.restore(one.checkpoint())
        other = resumed


@given(st.binary(max_size=300))
def test_no_bytes_raise(noise: bytes) -> None:
    assert read(noise).bad == "garbled"


@pytest.mark.parametrize("entry", json.loads((DATA / "metadata.json").read_text())["files"])
def test_payloads_are_those_that_were_collected(entry: dict[str, object]) -> None:
    content = (DATA / str(entry["file"])).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert len(content) == entry["bytes"]
    assert str(entry["provenance"]).startswith(("as collected in vendor", "captured from the"))


def payload(name: str) -> list[Decoded]:
    frames = FixFramer().feed((DATA / name).read_bytes())
    decoder = IceDecoder(SESSION, "ice")
    return [decoder.decode(one, RECEIVED_NS) for one in frames]


def test_the_documented_request_is_what_we_send() -> None:
    [documented] = FixFramer().feed((DATA / "documented_request.fix").read_bytes())
    ours = encode(
        "V",
        data_request("r1", BRENT),
        sequence=2,
        sent_ns=SENT_NS,
        sender="CLIENT",
        target="ICEMD",
    )
    assert ours == documented


def test_the_documented_messages_are_understood() -> None:
    decoded = payload("documented_session.fix")
    assert [one.bad for one in decoded] == [None] * 15
    assert [one.sequence for one in decoded] == list(range(1, 16))
    kinds = [type(event).__name__ for one in decoded for event in one.events]
    assert kinds == ["Quote", "Settlement", "Quote", "Trade", "Quote", "Settlement"]
    assert [name for one in decoded for name in one.skipped] == [
        "logon",
        "security definition",
        "security status",
        "market data request reject",
        "business message reject",
        "test request",
        "heartbeat",
        "resend request",
        "reject",
        "gap fill",
        "logout",
    ]


def test_the_captured_session_tells_what_went_wrong() -> None:
    decoded = payload("sandbox_session.fix")
    assert [one.bad for one in decoded if one.bad] == ["garbled", "truncated", "checksum"]
    assert [one.missed for one in decoded if one.missed] == [3, 2]
    assert sum(one.is_late for one in decoded) == 2
    gaps = [event for one in decoded for event in one.events if isinstance(event, Gap)]
    assert gaps
    assert all(gap.instruments for gap in gaps)
    quotes = [event for one in decoded for event in one.events if isinstance(event, Quote)]
    assert {quote.instrument.product for quote in quotes} == {"B", "NBP", "TTF"}
    assert all(quote.bid and quote.ask and quote.bid < quote.ask for quote in quotes)
    assert decoded == payload("sandbox_session.fix")
