"""Own how fast codecs are: per second of processor time, which is one core's."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from benchmarks.feeds.frames import SOURCE, Rendered, Stream
from core.clock import NANOSECONDS_PER_SECOND
from core.market import PriceEvent, Quote, Trade
from integrations.cme.codec import CmeDecoder
from integrations.ice.codec import IceDecoder
from integrations.ice.fields import SYMBOL_OF
from integrations.ice.fix import FixFramer, encode
from integrations.ice.sandbox.messages import (
    image,
    quote_entries,
    settlement_entry,
    trade_entry,
    update,
)

RUNS = 5
_MESSAGES = 100_000
_START_NS = 1_790_000_000 * NANOSECONDS_PER_SECOND
_STEP_NS = 50_003
_READ_BYTES = 1 << 16
_GATEWAY_SOURCE = "ice"

Decoding = Callable[[], int]
"""Decode everything, and return how many events that gave."""


def cme_frames_per_s() -> list[float]:
    """Return how many frames of one entry a session's decoder reads in a second."""
    stream = Stream(seed=1, start_ns=_START_NS)
    events = stream.events(_MESSAGES)
    frames = [Rendered.of(event).numbered(place) for place, event in enumerate(events)]
    return _rates(lambda: _cme_decoding(frames), len(frames))


def _cme_decoding(frames: Sequence[bytes]) -> Decoding:
    decode = CmeDecoder(1, SOURCE).decode

    def decode_all() -> int:
        count = 0
        for received_ns, frame in enumerate(frames, _START_NS):
            count += len(decode(frame, received_ns).events)
        return count

    return decode_all


def fix_messages_per_s() -> list[float]:
    """Return how many messages of one entry are cut out of a byte stream and read in a second."""
    stream = Stream(seed=1, start_ns=_START_NS, products=tuple(SYMBOL_OF), source=_GATEWAY_SOURCE)
    messages = list(_fix_messages(stream))
    content = b"".join(messages)
    reads = [content[start : start + _READ_BYTES] for start in range(0, len(content), _READ_BYTES)]
    return _rates(lambda: _fix_decoding(reads), len(messages))


def _fix_messages(stream: Stream) -> Iterator[bytes]:
    """Yield an image of every contract, and then one update after another."""
    reports = Counter[str]()
    fields = [
        image(f"R{contract}", contract, None, None, reports[str(contract)])
        for contract in stream.contracts()
    ]
    kinds = ["W"] * len(fields)
    for event in stream.events(_MESSAGES - len(fields)):
        name = str(event.instrument)
        reports[name] += 1
        fields.append(update(f"R{name}", [_fix_entry(event)], [reports[name]]))
        kinds.append("X")
    for number, (kind, body) in enumerate(zip(kinds, fields, strict=True), 1):
        yield encode(
            kind,
            body,
            sequence=number,
            sent_ns=_START_NS + number * _STEP_NS,
            sender="ICEMD",
            target="HELIOSTAT",
        )


def _fix_entry(event: PriceEvent) -> list[tuple[int, str]]:
    if isinstance(event, Quote):
        bid, ask = quote_entries(event, None)
        return ask if event.event_ns % 2 else bid
    if isinstance(event, Trade):
        return trade_entry(event)
    return settlement_entry(event)


def _fix_decoding(reads: Sequence[bytes]) -> Decoding:
    framer, decode = FixFramer(), IceDecoder(1, _GATEWAY_SOURCE).decode

    def decode_all() -> int:
        count = 0
        for received_ns, data in enumerate(reads, _START_NS):
            for frame in framer.feed(data):
                count += len(decode(frame, received_ns).events)
        return count

    return decode_all


def _rates(prepare: Callable[[], Decoding], messages: int) -> list[float]:
    """Time a new decoder several times over.

    Raises:
        ValueError: a message gave no event, so that less was measured than was meant.
    """
    rates = []
    for _ in range(RUNS + 1):
        decode_all = prepare()
        began = time.process_time()
        events = decode_all()
        rates.append(messages / (time.process_time() - began))
        if events != messages:
            message = f"{messages} messages gave {events} events"
            raise ValueError(message)
    return rates[1:]  # the first one fills the caches, as a feed does once a day
