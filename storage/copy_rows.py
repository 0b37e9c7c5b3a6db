"""Own the bytes of PostgreSQL's binary COPY for quotes and trades.

The format is that of the COPY command's documentation, "Binary Format": a header, rows of a field
count and fields of a length and a big-endian value, a trailer. A batch holds few different
contracts, sources and prices, so that their bytes are made once and looked up.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

from core.market import Instrument, Quote, Trade

QUOTE_COLUMNS = (
    "instrument",
    "session",
    "sequence",
    "frame_index",
    "event_time",
    "event_nanos",
    "received_ns",
    "source",
    "bid",
    "bid_size",
    "ask",
    "ask_size",
)
TRADE_COLUMNS = (
    "instrument",
    "event_time",
    "event_nanos",
    "received_ns",
    "size",
    "source",
    "entry_id",
    "price",
    "aggressor",
)

Event = TypeVar("Event", Quote, Trade)

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_UNIX_TO_POSTGRES_US = 946_684_800_000_000
_NANOS_PER_MICRO = 1_000
_PARTS_PER_CHUNK = 7_000
_MAX_REMEMBERED = 100_000
_MAX_DIGITS = 1_000
_NEGATIVE = 0x4000

_INTEGER = struct.Struct(">iq").pack
_QUOTE_START = struct.Struct(">iqiqiiiqihiq").pack
_TRADE_START = struct.Struct(">iqihiqiq").pack
_COUNT = struct.Struct(">h").pack
_LENGTH = struct.Struct(">i").pack


def quote_chunks(quotes: Mapping[Instrument, Sequence[Quote]]) -> Iterator[bytes]:
    """Encode quotes in the order of the contracts' names, some thousand rows at a time.

    Raises:
        ValueError: a value is not one that can be stored.
    """
    return _chunks(_fields(quotes, len(QUOTE_COLUMNS), _quote_fields))


def trade_chunks(trades: Mapping[Instrument, Sequence[Trade]]) -> Iterator[bytes]:
    """Encode trades in the order of the contracts' names, some thousand rows at a time.

    Raises:
        ValueError: a value is not one that can be stored.
    """
    return _chunks(_fields(trades, len(TRADE_COLUMNS), _trade_fields))


def numeric_bytes(value: Decimal) -> bytes:
    """Encode a decimal as PostgreSQL's numeric, keeping the digits after its point.

    The value is groups of four decimal digits: their number, the power of 10,000 of the first,
    the sign, the digits after the point, the groups.

    Raises:
        ValueError: it is not finite, or has more than 1,000 digits before or after its point.
    """
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or max(abs(exponent), len(digits)) > _MAX_DIGITS:
        message = f"{value!r} cannot be stored as a price"
        raise ValueError(message)
    scale = max(0, -exponent)
    text = "".join(map(str, digits)) + "0" * max(0, exponent)
    text = text.rjust(scale + 1, "0")
    whole, fraction = text[: len(text) - scale], text[len(text) - scale :]
    whole = whole.rjust(-(-len(whole) // 4) * 4, "0")
    fraction = fraction.ljust(-(-scale // 4) * 4, "0")
    joined = whole + fraction
    groups = [int(joined[start : start + 4]) for start in range(0, len(joined), 4)]
    return struct.pack(
        f">hhHH{len(groups)}h",
        len(groups),
        len(whole) // 4 - 1,
        _NEGATIVE if sign else 0,
        scale,
        *groups,
    )


class _Memory(dict[str, bytes]):
    """Remember the field that each text makes."""

    def __init__(self, encode: Callable[[str], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, text: str) -> bytes:
        if len(self) >= _MAX_REMEMBERED:
            self.clear()
        value = self._encode(text)
        field = self[text] = _LENGTH(len(value)) + value
        return field


_TEXTS = _Memory(str.encode)
_PRICES = _Memory(lambda text: numeric_bytes(Decimal(text)))


def _fields(
    events: Mapping[Instrument, Sequence[Event]],
    columns: int,
    encode: Callable[[bytes, Sequence[Event]], Iterable[bytes]],
) -> Iterator[Iterable[bytes]]:
    for name, of_instrument in sorted((str(item), events[item]) for item in events):
        yield encode(_COUNT(columns) + _TEXTS[name], of_instrument)


def _chunks(fields: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    parts = [_HEADER]
    for some in fields:
        parts += some
        if len(parts) >= _PARTS_PER_CHUNK:
            yield b"".join(parts)
            parts = []
    parts.append(_TRAILER)
    yield b"".join(parts)


def _quote_fields(start: bytes, quotes: Sequence[Quote]) -> list[bytes]:
    fields: list[bytes] = []
    for quote in quotes:
        micros, nanos = divmod(quote.event_ns, _NANOS_PER_MICRO)
        bid, bid_size, ask, ask_size = quote.bid, quote.bid_size, quote.ask, quote.ask_size
        fields += (
            start,
            _QUOTE_START(
                8,
                quote.session,
                8,
                quote.sequence,
                4,
                quote.frame_index,
                8,
                micros - _UNIX_TO_POSTGRES_US,
                2,
                nanos,
                8,
                quote.received_ns,
            ),
            _TEXTS[quote.source],
            # by its text, because 70.1 and 70.10 are equal and yet not stored alike
            _NULL if bid is None else _PRICES[str(bid)],
            _NULL if bid_size is None else _INTEGER(8, bid_size),
            _NULL if ask is None else _PRICES[str(ask)],
            _NULL if ask_size is None else _INTEGER(8, ask_size),
        )
    return fields


def _trade_fields(start: bytes, trades: Sequence[Trade]) -> list[bytes]:
    fields: list[bytes] = []
    for trade in trades:
        micros, nanos = divmod(trade.event_ns, _NANOS_PER_MICRO)
        entry_id = trade.entry_id.encode()
        fields += (
            start,
            _TRADE_START(
                8,
                micros - _UNIX_TO_POSTGRES_US,
                2,
                nanos,
                8,
                trade.received_ns,
                8,
                trade.size,
            ),
            _TEXTS[trade.source],
            _LENGTH(len(entry_id)),
            entry_id,
            _PRICES[str(trade.price)],
            _NULL if trade.aggressor is None else _TEXTS[trade.aggressor.value],
        )
    return fields
