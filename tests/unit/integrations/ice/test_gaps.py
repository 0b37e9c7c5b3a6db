"""Hold what a decoder makes of missing, late and repeated messages."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.market import Gap, GapReason, Instrument, Quote, Trade
from integrations.ice.codec import IceDecoder
from integrations.ice.fields import SYMBOL_OF
from integrations.ice.fix import encode
from integrations.ice.message_numbers import MessageNumbers
from integrations.venue import Decoded

SESSION, RECEIVED_NS, SENT_NS = 11, 2_000, 1_795_190_400_000_000_000
BRENT, GASOIL = Instrument.parse("B-202702"), Instrument.parse("G-202702")
Fields = list[tuple[int, str]]


def frame(kind: str, number: int, fields: Fields, *, again: bool = False) -> bytes:
    return encode(
        kind,
        fields,
        sequence=number,
        sent_ns=SENT_NS,
        sender="ICEMD",
        target="CLIENT",
        original_ns=SENT_NS if again else None,
    )


def names(instrument: Instrument) -> Fields:
    return [(55, SYMBOL_OF[instrument.product]), (200, str(instrument.contract_month))]


def counted(report: int | None) -> Fields:
    return [] if report is None else [(83, str(report))]


def image(number: int, instrument: Instrument, report: int | None = None, bid: int = 70) -> bytes:
    sides: Fields = [(269, "0"), (270, str(bid)), (271, "1"), (269, "1"), (270, "99"), (271, "1")]
    fields = [(262, "r"), *names(instrument), *counted(report), (268, "2"), *sides]
    return frame("W", number, fields)


def update(
    number: int,
    instrument: Instrument,
    report: int | None = None,
    bid: int = 71,
    *,
    again: bool = False,
) -> bytes:
    entry = [(279, "1"), (269, "0"), *names(instrument), *counted(report)]
    fields = [(262, "r"), (268, "1"), *entry, (270, str(bid)), (271, "1")]
    return frame("X", number, fields, again=again)


def traded(number: int, report: int, *, again: bool = False) -> bytes:
    entry = [(279, "0"), (269, "2"), *names(BRENT), (83, str(report)), (270, "71"), (271, "2")]
    return frame("X", number, [(262, "r"), (268, "1"), *entry, (278, f"T{number}")], again=again)


def fill(number: int, following: int) -> bytes:
    return frame("4", number, [(123, "Y"), (36, str(following))], again=True)


class Heard:
    """Feed frames to one decoder."""

    def __init__(self, *frames: bytes) -> None:
        self.decoder = IceDecoder(SESSION, "ice")
        for one in frames:
            self.take(one)

    def take(self, wire: bytes) -> Decoded:
        return self.decoder.decode(wire, RECEIVED_NS)

    def bid(self, wire: bytes) -> Decimal | None:
        """Return the bid of the one quote of a frame."""
        [quote] = [event for event in self.take(wire).events if isinstance(event, Quote)]
        return quote.bid


def gap(*instruments: Instrument, expected: int | None, received: int) -> Gap:
    return Gap(
        venue="ice",
        source="ice",
        session=SESSION,
        expected_sequence=expected,
        received_sequence=received,
        received_ns=RECEIVED_NS,
        reason=GapReason.SEQUENCE,
        instruments=instruments,
    )


def test_without_counts_a_missing_message_concerns_every_book_until_its_image() -> None:
    heard = Heard(image(1, BRENT), image(2, GASOIL))
    decoded = heard.take(update(4, BRENT))
    assert decoded.missed == 1
    assert decoded.events == (gap(expected=3, received=4),)
    assert heard.take(update(5, GASOIL)).events == ()
    assert heard.bid(image(6, GASOIL)) == 70
    assert heard.bid(update(7, GASOIL)) == 71
    assert heard.take(update(8, BRENT)).events == ()


def test_with_counts_a_hole_concerns_its_own_contract_alone() -> None:
    heard = Heard(image(1, BRENT, 5), image(2, GASOIL, 8))
    decoded = heard.take(update(4, GASOIL, 9))
    assert (decoded.missed, heard.decoder.has_missing) == (1, True)
    assert [type(event) for event in decoded.events] == [Quote]
    holed = heard.take(update(5, BRENT, 7))
    assert holed.events == (gap(BRENT, expected=None, received=5),)
    assert heard.bid(update(6, GASOIL, 10)) == 71
    assert heard.take(update(7, BRENT, 8)).events == ()
    assert heard.bid(image(8, BRENT, 8)) == 70


def test_an_image_that_counts_further_heals_what_it_reveals() -> None:
    heard = Heard(image(1, BRENT, 5))
    healed = heard.take(image(3, BRENT, 6, bid=72)).events
    assert healed[0] == gap(BRENT, expected=None, received=3)
    assert isinstance(healed[1], Quote)
    assert healed[1].bid == 72
    again = heard.take(image(4, BRENT, 6, bid=72)).events
    assert [type(event) for event in again] == [Quote]


def test_a_hole_inside_a_message_makes_no_quote_of_that_contract() -> None:
    heard = Heard(image(1, BRENT, 5))
    entries: Fields = []
    for report, bid in ((6, 71), (8, 73)):
        entries += [(279, "1"), (269, "0"), *names(BRENT), (83, str(report))]
        entries += [(270, str(bid)), (271, "1")]
    decoded = heard.take(frame("X", 2, [(262, "r"), (268, "2"), *entries]))
    assert decoded.events == (gap(BRENT, expected=None, received=2),)


def test_a_count_that_begins_anew_is_a_gap_not_a_silence() -> None:
    heard = Heard(image(1, BRENT, 500))
    assert heard.take(update(2, BRENT, 1)).events == (gap(BRENT, expected=None, received=2),)
    assert heard.bid(image(3, BRENT, 1)) == 70
    assert heard.bid(update(4, BRENT, 2)) == 71


def test_resent_messages_fill_the_hole_and_then_repeat() -> None:
    heard = Heard(image(1, BRENT, 5), image(2, GASOIL, 8), update(4, GASOIL, 9))
    late = heard.take(update(3, BRENT, 6, bid=75, again=True))
    assert (late.is_late, late.is_repeated, late.missed) == (True, False, 0)
    [quote] = late.events
    assert isinstance(quote, Quote)
    assert (quote.bid, quote.sequence) == (75, 3)
    assert not heard.decoder.has_missing
    repeated = heard.take(update(3, BRENT, 6, bid=75, again=True))
    assert (repeated.is_repeated, repeated.events) == (True, ())
    assert heard.bid(update(5, BRENT, 7, bid=76)) == 76


def test_a_late_side_never_overwrites_a_newer_one_but_a_late_trade_counts() -> None:
    heard = Heard(image(1, BRENT, 5), update(3, BRENT, 7, bid=77), image(4, BRENT, 7, bid=77))
    late = heard.take(traded(2, 6, again=True))
    assert late.is_late
    assert [type(event) for event in late.events] == [Trade]
    heard = Heard(image(1, BRENT, 5), update(3, BRENT, 7, bid=77), image(4, BRENT, 7, bid=77))
    assert heard.take(update(2, BRENT, 6, bid=60, again=True)).skipped == ("late side",)
    assert heard.bid(update(5, BRENT, 8, bid=78)) == 78


def test_without_counts_a_late_side_is_no_quote() -> None:
    heard = Heard(image(1, BRENT), update(3, GASOIL), image(4, BRENT))
    late = heard.take(update(2, BRENT, again=True))
    assert (late.is_late, late.events) == (True, ())


def test_a_late_image_gives_way_to_a_newer_one() -> None:
    heard = Heard(image(2, BRENT, 6, bid=72))
    late = heard.take(image(1, BRENT, 5, bid=60))
    assert (late.is_late, late.events, late.skipped) == (True, (), ("late image",))


def test_a_gap_fill_tells_that_the_missing_are_lost() -> None:
    heard = Heard(image(1, BRENT, 5), image(2, GASOIL, 8), update(6, GASOIL, 9))
    assert heard.decoder.lost_before == 0
    decoded = heard.take(fill(3, 7))
    assert (decoded.bad, decoded.missed, decoded.events) == (None, 0, ())
    assert not heard.decoder.has_missing
    assert heard.decoder.unconfirmed([BRENT, GASOIL]) == [BRENT, GASOIL]
    heard.take(update(7, GASOIL, 10))
    assert heard.decoder.unconfirmed([BRENT, GASOIL]) == [BRENT]
    heard.take(image(8, BRENT, 5))
    assert heard.decoder.unconfirmed([BRENT, GASOIL]) == []


def test_a_reset_that_is_no_gap_fill_breaks_every_book() -> None:
    heard = Heard(image(1, BRENT, 5))
    reset = frame("4", 2, [(36, "50")])
    assert heard.take(reset).events == (gap(expected=2, received=50),)
    assert heard.take(update(50, BRENT, 6)).events == ()
    backwards = heard.take(frame("4", 51, [(36, "3")]))
    assert (backwards.is_repeated, heard.decoder.next_number) == (True, 51)


def test_an_unreadable_message_counts_as_missing_until_it_is_unreadable_again() -> None:
    def unreadable(*, again: bool = False) -> bytes:
        entry = [(279, "1"), (269, "0"), *names(BRENT), (83, "6"), (270, "x"), (271, "1")]
        return frame("X", 2, [(262, "r"), (268, "1"), *entry], again=again)

    heard = Heard(image(1, BRENT, 5))
    assert heard.take(unreadable()).bad == "field"
    assert heard.take(frame("0", 3, [])).missed == 1
    assert heard.take(unreadable(again=True)).bad == "field"
    assert not heard.decoder.has_missing
    assert heard.decoder.unconfirmed([BRENT]) == [BRENT]


@given(st.permutations(range(1, 9)), st.sets(st.integers(1, 8)))
def test_numbers_are_each_missing_late_or_repeated_exactly_once(
    order: list[int], lost: set[int]
) -> None:
    numbers = MessageNumbers()
    arriving = [number for number in order if number not in lost]
    steps = [numbers.observe(number) for number in arriving]
    late = sum(step.is_late for step in steps)
    still = sum(end - first for first, end in numbers.holes)
    assert sum(step.missed for step in steps) == late + still
    assert not any(step.is_repeated for step in steps)
    assert all(numbers.observe(number).is_repeated for number in arriving)
    highest = max(arriving, default=0)
    assert {one for one in range(1, 9) if numbers.is_missing(one)} == {
        one for one in lost if one < highest
    }
    numbers.give_up(1, 9)
    assert (numbers.holes, numbers.expected) == ([], 9)


def test_holes_are_bounded_and_the_oldest_are_given_up() -> None:
    numbers = MessageNumbers()
    for number in range(2, 2002, 2):
        numbers.observe(number)
    assert len(numbers.holes) == 256
    assert numbers.lost_before == numbers.holes[0][0] - 1


@given(st.lists(st.sampled_from("bBgGtT-"), min_size=1, max_size=60))
def test_books_equal_the_truth_after_losses_and_refreshes(kinds: list[str]) -> None:
    """Send updates of two books, lose those in capitals, refresh what the decoder asks for."""
    heard = Heard(image(1, BRENT, 0, bid=50), image(2, GASOIL, 0, bid=50))
    truth, reports, number = {BRENT: 50, GASOIL: 50}, {BRENT: 0, GASOIL: 0}, 2
    quoted = dict(truth)
    for step, kind in enumerate(kinds):
        number += 1
        instrument = GASOIL if kind in "gG" else BRENT
        if kind == "-":
            wire = frame("0", number, [])
        else:
            reports[instrument] += 1
            if kind in "tT":
                wire = traded(number, reports[instrument])
            else:
                truth[instrument] = 51 + step
                wire = update(number, instrument, reports[instrument], bid=truth[instrument])
        if kind.isupper():
            continue
        for event in heard.take(wire).events:
            if isinstance(event, Quote):
                quoted[event.instrument] = int(event.bid or 0)
                assert quoted[event.instrument] == truth[event.instrument]
    number += 1
    heard.take(frame("0", number, []))
    if heard.decoder.has_missing:
        heard.take(fill(1, number))
    for instrument in heard.decoder.unconfirmed([BRENT, GASOIL]):
        number += 1
        wire = image(number, instrument, reports[instrument], bid=truth[instrument])
        quoted[instrument] = int(heard.bid(wire) or 0)
    assert quoted == truth
