"""Own the proof that no gap goes unseen: a spoilt stream, what it lost, and what was told."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import asyncpg

from benchmarks.feeds.blaster import NO_EVENT, Blast, Faults
from benchmarks.feeds.rig import Feed, Place, Rig
from benchmarks.feeds.servers import wait_for
from benchmarks.feeds.verify import Capture, Delivered, compare_now
from benchmarks.report import Row
from core.clock import NANOSECONDS_PER_SECOND
from core.market import Instrument, PriceEvent, Quote
from integrations.cme.codec import CME_PRODUCTS
from storage import market
from storage.pool import open_pools

MAX_SILENCE_S = 2.0
_RATE = 10_000.0
_HEALED_WITHIN_S = 60.0
_STORED_WITHIN_S = 300.0
_MARKS = """
SELECT session, expected_sequence, received_sequence FROM gaps WHERE reason = 'sequence'
"""


def measure_gaps(rig: Rig, count: int) -> tuple[list[Row], dict[str, list[float]]]:
    """Send a stream with frames left out, cut, swapped and repeated; compare what is known of it.

    Raises:
        ValueError: there was nothing to detect, or no second session took over.
    """
    faults = Faults(seed=3, skipped=4e-4, repeated=4e-4, reordered=4e-4, truncated=4e-4)
    stream = rig.stream(7)
    place = rig.place("gaps")
    rig.prepare(Blast(stream=stream, count=count, rate=_RATE, faults=faults))
    with rig.feed(place) as feed:
        rig.send(_STORED_WITHIN_S + count / _RATE)
        wait_for(lambda: _is_healed(feed), _HEALED_WITHIN_S)
        feed.wait_stored(_STORED_WITHIN_S)
        repeats = feed.status().repeated
    capture = Capture(place.journal, place.objects)
    delivered = capture.sent(rig.logs())
    events = stream.events(count)
    url = rig.servers.superuser_url(place.name)
    missing = _missing(delivered)
    told = _told(asyncio.run(_marks(url)))
    if not missing or len(delivered.sessions) < 2:
        message = f"{len(missing)} numbers missing in {len(delivered.sessions)} sessions"
        raise ValueError(message)
    compared = compare_now(url, events, delivered)
    rows = [
        Row(
            metric="CME: missing messages that a gap was told for",
            unit="%",
            ours=100.0 * len(missing & told) / len(missing),
            target=100.0,
            higher_is_better=True,
        ),
        _none("CME: messages told missing that were not", "messages", len(told - missing)),
        _none("CME: repeats not recognised", "messages", abs(_repeats(delivered) - repeats)),
        _none(
            "CME: contracts whose book is not the truth afterwards",
            "contracts",
            asyncio.run(_wrong_books(place, events)),
        ),
        _none("CME: rows lost or twice", "rows", compared.lost + compared.surplus),
        Row(
            metric="CME: longest silence of the stream while it was healed",
            unit="s",
            ours=round(_longest_silence_s(capture, delivered), 3),
            target=MAX_SILENCE_S,
        ),
    ]
    samples = {
        "CME: messages sent": [float(count)],
        "CME: messages missing": [float(len(missing))],
        "CME: sessions that took over": [float(len(delivered.sessions) - 1)],
    }
    return rows, samples


def _is_healed(feed: Feed) -> bool:
    status = feed.status()
    return status.connected and status.gap is None


def _none(metric: str, unit: str, ours: int) -> Row:
    return Row(metric=metric, unit=unit, ours=ours, target=0)


def _missing(delivered: Delivered) -> set[tuple[int, int]]:
    """Return the numbers that were not there when a higher one came, by session."""
    missing: set[tuple[int, int]] = set()
    for session, log in delivered.sessions.items():
        numbers = [number for number in log.numbers if number >= 0]
        seen: set[int] = set()
        highest = numbers[0] - 1
        for number in numbers:
            if number < highest and number not in seen:
                missing.add((session, number))
            seen.add(number)
            highest = max(highest, number)
        missing |= {(session, n) for n in range(numbers[0], highest) if n not in seen}
    return missing


def _repeats(delivered: Delivered) -> int:
    """Return how many frames came once more than once."""
    counts = (
        (len(numbers), len(set(numbers)))
        for log in delivered.sessions.values()
        if (numbers := [number for number in log.numbers if number >= 0])
    )
    return sum(all_of - different for all_of, different in counts)


async def _marks(url: str) -> list[tuple[int, int, int]]:
    connection = await asyncpg.connect(url)
    try:
        return [(row[0], row[1], row[2]) for row in await connection.fetch(_MARKS)]
    finally:
        await connection.close()


def _told(marks: Sequence[tuple[int, int, int]]) -> set[tuple[int, int]]:
    return {
        (session, number)
        for session, expected, received in marks
        for number in range(expected, received)
    }


async def _wrong_books(place: Place, events: Sequence[PriceEvent]) -> int:
    """Count the contracts whose newest stored quote is not the last one of the stream."""
    truth: dict[Instrument, Quote] = {}
    for event in events:
        if isinstance(event, Quote):
            truth[event.instrument] = event
    pools = await open_pools(place.config.database)
    try:
        async with pools.system() as connection:
            known = {
                quote.instrument: quote
                for product in CME_PRODUCTS
                for quote in await market.latest_quotes(connection, product)
            }
    finally:
        await pools.close()
    return sum(
        _top(truth.get(contract)) != _top(known.get(contract)) for contract in {*truth, *known}
    )


def _top(quote: Quote | None) -> tuple[object, ...] | None:
    if quote is None:
        return None
    return quote.event_ns, quote.bid, quote.bid_size, quote.ask, quote.ask_size


def _longest_silence_s(capture: Capture, delivered: Delivered) -> float:
    """Return the longest pause between two received events, over all sessions.

    Looked at until the stream's last event: what heals after it comes when it will.
    """
    received = [
        (received_ns, place)
        for session, log in delivered.sessions.items()
        for received_ns, place in zip(capture.received_ns[session], log.events, strict=True)
        if place != NO_EVENT
    ]
    last = max(place for _, place in received)
    ended_ns = min(received_ns for received_ns, place in received if place == last)
    moments = sorted(received_ns for received_ns, _ in received if received_ns <= ended_ns)
    return max(later - earlier for earlier, later in pairwise(moments)) / NANOSECONDS_PER_SECOND
