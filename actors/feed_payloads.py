"""Own what a feed puts on the hot stream: one JSON payload per event, decimals as text."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from core.clock import utc_from_ns
from core.market import Gap, MarketEvent, Quote, Settlement, Trade


def stream_payloads(
    events: Iterable[MarketEvent], products: Iterable[str]
) -> dict[str, list[bytes]]:
    """Encode events per product in their order; a gap goes to every product of the venue."""
    payloads: dict[str, list[bytes]] = {product: [] for product in products}
    for event in events:
        encoded = msgspec.json.encode(_fields(event))
        touched = list(payloads) if isinstance(event, Gap) else [event.instrument.product]
        for product in touched:
            payloads.setdefault(product, []).append(encoded)
    return {product: listed for product, listed in payloads.items() if listed}


def _text(price: Decimal | None) -> str | None:
    return None if price is None else str(price)


def _fields(event: MarketEvent) -> dict[str, Any]:
    if isinstance(event, Gap):
        return {
            "event": "gap",
            "venue": event.venue,
            "source": event.source,
            "reason": event.reason.value,
            "expected_sequence": event.expected_sequence,
            "received_sequence": event.received_sequence,
            "received_time": utc_from_ns(event.received_ns).isoformat(),
        }
    common = {
        "product": event.instrument.product,
        "contract": str(event.instrument.contract_month),
        "symbol": event.instrument.symbol,
        "source": event.source,
        "event_time": utc_from_ns(event.event_ns).isoformat(),
        "event_ns": str(event.event_ns),
    }
    if isinstance(event, Quote):
        return {
            "event": "quote",
            **common,
            "bid": _text(event.bid),
            "bid_size": event.bid_size,
            "ask": _text(event.ask),
            "ask_size": event.ask_size,
        }
    if isinstance(event, Trade):
        aggressor = None if event.aggressor is None else event.aggressor.value
        return {
            "event": "trade",
            **common,
            "price": _text(event.price),
            "size": event.size,
            "aggressor": aggressor,
        }
    assert isinstance(event, Settlement)  # noqa: S101 - the union has no fifth member
    return {
        "event": "settlement",
        **common,
        "price": _text(event.price),
        "trade_date": event.trade_date.isoformat(),
        "stage": event.stage.value,
    }
