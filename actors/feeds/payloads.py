"""Own what a feed puts on the hot stream: one JSON payload per event, decimals as text.

Every payload is an object that begins with its `event`. They are structs, since one is built for
every event of every venue: a dictionary takes five times as long.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache

import msgspec

from core.clock import NANOSECONDS_PER_SECOND, utc_from_ns
from core.market import (
    Gap,
    Healed,
    Instrument,
    MarketEvent,
    PriceEvent,
    Quote,
    Settlement,
    Staleness,
    Trade,
)

_NANOS_PER_MICRO = 1_000


class _QuotePayload(msgspec.Struct, frozen=True, gc=False, tag_field="event", tag="quote"):
    product: str
    contract: str
    symbol: str
    source: str
    event_time: str
    event_ns: str
    bid: Decimal | None
    bid_size: int | None
    ask: Decimal | None
    ask_size: int | None


class _TradePayload(msgspec.Struct, frozen=True, gc=False, tag_field="event", tag="trade"):
    product: str
    contract: str
    symbol: str
    source: str
    event_time: str
    event_ns: str
    price: Decimal
    size: int
    aggressor: str | None


class _SettlementPayload(
    msgspec.Struct, frozen=True, gc=False, tag_field="event", tag="settlement"
):
    product: str
    contract: str
    symbol: str
    source: str
    event_time: str
    event_ns: str
    price: Decimal
    trade_date: date
    stage: str


class _GapPayload(msgspec.Struct, frozen=True, tag_field="event", tag="gap"):
    venue: str
    source: str
    reason: str
    expected_sequence: int | None
    received_sequence: int | None
    received_time: str
    instruments: list[str]


class _HealedPayload(msgspec.Struct, frozen=True, tag_field="event", tag="healed"):
    venue: str
    source: str
    received_time: str
    instruments: list[str]


class _Silence(msgspec.Struct, frozen=True):
    product: str
    contract: str
    symbol: str
    venue: str
    source: str
    silent_since: str
    limit_s: float
    received_time: str


class _StalePayload(_Silence, frozen=True, tag_field="event", tag="stale"):
    pass


class _FreshPayload(_Silence, frozen=True, tag_field="event", tag="fresh"):
    pass


_Payload = (
    _QuotePayload
    | _TradePayload
    | _SettlementPayload
    | _GapPayload
    | _HealedPayload
    | _StalePayload
    | _FreshPayload
)
_encode = msgspec.json.Encoder(decimal_format="string").encode


def stream_payloads(
    events: Iterable[MarketEvent], products: Iterable[str]
) -> dict[str, list[bytes]]:
    """Encode events per product, in their order.

    A mark goes to the products of its instruments and names those of the product only; a mark
    without instruments goes to all `products`.
    """
    every = tuple(products)
    payloads: defaultdict[str, list[bytes]] = defaultdict(list)
    for event in events:
        if isinstance(event, Quote | Trade | Settlement):
            payloads[event.instrument.product].append(_encode(_price_payload(event)))
        elif isinstance(event, Staleness):
            payloads[event.instrument.product].append(_encode(_silence_payload(event)))
        else:
            for product, instruments in _by_product(event, every):
                payloads[product].append(_encode(_mark_payload(event, instruments)))
    return dict(payloads)


def event_payload(event: MarketEvent) -> bytes:
    """Encode one event whole, as a replay prints it."""
    if isinstance(event, Quote | Trade | Settlement):
        return _encode(_price_payload(event))
    if isinstance(event, Staleness):
        return _encode(_silence_payload(event))
    return _encode(_mark_payload(event, [str(instrument) for instrument in event.instruments]))


def _price_payload(event: PriceEvent) -> _Payload:
    # By position: names take half as long again.
    product, contract, symbol = _names(event.instrument)
    time, ns = _iso(event.event_ns), str(event.event_ns)
    if isinstance(event, Quote):
        return _QuotePayload(
            product,
            contract,
            symbol,
            event.source,
            time,
            ns,
            event.bid,
            event.bid_size,
            event.ask,
            event.ask_size,
        )
    if isinstance(event, Trade):
        aggressor = None if event.aggressor is None else event.aggressor.value
        return _TradePayload(
            product, contract, symbol, event.source, time, ns, event.price, event.size, aggressor
        )
    stage = event.stage.value
    return _SettlementPayload(
        product, contract, symbol, event.source, time, ns, event.price, event.trade_date, stage
    )


def _silence_payload(event: Staleness) -> _Payload:
    product, contract, symbol = _names(event.instrument)
    kind = _StalePayload if event.is_stale else _FreshPayload
    return kind(
        product=product,
        contract=contract,
        symbol=symbol,
        venue=event.venue,
        source=event.source,
        silent_since=_iso(event.silent_since_ns),
        limit_s=event.limit_s,
        received_time=_iso(event.received_ns),
    )


def _by_product(mark: Gap | Healed, every: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    if not mark.instruments:
        yield from ((product, []) for product in every)
        return
    named: dict[str, list[str]] = {}
    for instrument in mark.instruments:
        named.setdefault(instrument.product, []).append(str(instrument))
    yield from named.items()


def _mark_payload(mark: Gap | Healed, instruments: list[str]) -> _Payload:
    received_time = _iso(mark.received_ns)
    if isinstance(mark, Healed):
        return _HealedPayload(
            venue=mark.venue,
            source=mark.source,
            received_time=received_time,
            instruments=instruments,
        )
    return _GapPayload(
        venue=mark.venue,
        source=mark.source,
        reason=mark.reason.value,
        expected_sequence=mark.expected_sequence,
        received_sequence=mark.received_sequence,
        received_time=received_time,
        instruments=instruments,
    )


@lru_cache(maxsize=4096)
def _names(instrument: Instrument) -> tuple[str, str, str]:
    return instrument.product, str(instrument.contract_month), instrument.symbol


def _iso(time_ns: int) -> str:
    second, below_ns = divmod(time_ns, NANOSECONDS_PER_SECOND)
    return f"{_iso_second(second)}.{below_ns // _NANOS_PER_MICRO:06d}Z"


@lru_cache(maxsize=64)
def _iso_second(second: int) -> str:
    return utc_from_ns(second * NANOSECONDS_PER_SECOND).strftime("%Y-%m-%dT%H:%M:%S")
