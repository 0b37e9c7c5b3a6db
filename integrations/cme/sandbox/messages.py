"""Own the sandbox's half of the wire: core values to frames, subscribe requests to values.

Keeps the venue's oddities: list payloads, numbers as strings, the misspelt segment key.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from core.errors import BadFrame
from core.market import Instrument, Quote, Settlement, SettlementStage, Side, Trade
from core.products import MONTH_CODES
from integrations.cme.codec import VENUE
from integrations.cme.timestamps import format_ns

_AGGRESSORS = {Side.BUY: "1", Side.SELL: "2"}


class Subscription(msgspec.Struct, rename="camel"):
    """Ask for one product; no period codes means every listed month."""

    product_code: str
    product_type: str
    period_codes: list[str] = []
    spread_report_types: list[str] = []


class SubscribePayload(msgspec.Struct, rename="camel"):
    """Hold what a subscribe request asks for."""

    subscription_message_types: list[str]
    subscriptions: list[Subscription]


class _RequestHeader(msgspec.Struct, rename="camel"):
    message_type: str
    request_id: str | int


class ClientRequest(msgspec.Struct):
    """Hold one message of a client: SUBSCRIBE or UNSUBSCRIBE."""

    header: _RequestHeader
    payload: SubscribePayload

    @property
    def request_id(self) -> str:
        return str(self.header.request_id)


_REQUESTS = msgspec.json.Decoder(ClientRequest)


def decode_request(frame: bytes) -> ClientRequest:
    """Decode a message of a client.

    Raises:
        BadFrame: it is not a request.
    """
    try:
        return _REQUESTS.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(venue=VENUE, reason=str(error)) from error


def globex_symbol(instrument: Instrument, current_year: int) -> str:
    """Return the venue's symbol: one year digit, two for contracts ten years out and more."""
    month = instrument.contract_month
    digits = f"{month.year % 100:02d}" if month.year - current_year >= 10 else f"{month.year % 10}"
    return f"{instrument.product}{MONTH_CODES[month.month - 1]}{digits}"


def _message(
    message_type: str, sequence: int, sent_ns: int, payload: object, request_id: str | None = None
) -> bytes:
    header: dict[str, object] = {
        "messageType": message_type,
        "sentTime": format_ns(sent_ns),
        "version": "1.0",
        "sequenceNumber": str(sequence),
    }
    if request_id is not None:
        header["requestId"] = request_id
    message: dict[str, object] = {"header": header}
    if payload is not None:
        message["payload"] = payload
    return msgspec.json.encode(message)


def encode_login_status(sequence: int, sent_ns: int, status: str) -> bytes:
    """Encode the greeting, or the goodbye when the server ends a connection."""
    return _message("LOGINSTATUS", sequence, sent_ns, {"status": status})


def encode_heartbeat(sequence: int, sent_ns: int) -> bytes:
    """Encode a heartbeat: a header alone."""
    return _message("HEARTBEAT", sequence, sent_ns, None)


def encode_subscription_status(
    sequence: int, sent_ns: int, request: ClientRequest, status: str
) -> bytes:
    """Encode the acceptance of a request, which it echoes."""
    payload = {"status": status, **msgspec.to_builtins(request.payload)}
    return _message("SUBSCRIPTION_STATUS", sequence, sent_ns, payload, request.request_id)


def encode_subscription_error(sequence: int, sent_ns: int, request_id: str, text: str) -> bytes:
    """Encode the refusal of a whole request."""
    payload = {"status": "ERROR", "errorMessage": text}
    return _message("SUBSCRIPTION_ERROR", sequence, sent_ns, payload, request_id)


def encode_top_of_book(sequence: int, sent_ns: int, quotes: Sequence[Quote]) -> bytes:
    """Encode the top of one or more books; a side without a price becomes an empty list."""
    return _message("TOB", sequence, sent_ns, [_top(quote, sent_ns) for quote in quotes])


def _top(quote: Quote, sent_ns: int) -> dict[str, Any]:
    updated = format_ns(quote.event_ns)

    def level(price: object, size: object) -> list[dict[str, str]]:
        if price is None:
            return []
        row = {"price": str(price), "qty": str(size), "orderCnt": "1", "lastUpdateTime": updated}
        return [row]

    return {
        "lastUpdateTime": updated,
        "bidLevel": level(quote.bid, quote.bid_size),
        "askLevel": level(quote.ask, quote.ask_size),
        "instrument": _instrument(quote.instrument, sent_ns),
    }


def encode_trades(sequence: int, sent_ns: int, trades: Iterable[Trade]) -> bytes:
    """Encode one or more trades."""
    payload = []
    for trade in trades:
        summary = {
            "mdTradeEntryId": trade.entry_id,
            "tradePrice": str(trade.price),
            "tradeQty": str(trade.size),
            "tradeOrderCount": "2",
            "tradeUpdateAction": "NEW",
        }
        if trade.aggressor is not None:
            summary["aggressorSide"] = _AGGRESSORS[trade.aggressor]
        payload.append(
            {
                "lastUpdateTime": format_ns(trade.event_ns),
                "tradeSummary": summary,
                "instrument": _instrument(trade.instrument, sent_ns),
            }
        )
    return _message("TRD", sequence, sent_ns, payload)


def encode_settlements(sequence: int, sent_ns: int, settlements: Iterable[Settlement]) -> bytes:
    """Encode one or more settlements."""
    payload = [
        {
            "lastUpdateTime": format_ns(settlement.event_ns),
            "tradeStatistics": {
                "settlementPrice": str(settlement.price),
                "settlementPriceDate": settlement.trade_date.isoformat(),
                "settlementPriceTimestamp": format_ns(settlement.event_ns),
                "settlementActual": True,
                "settlementFinal": settlement.stage is not SettlementStage.PRELIMINARY,
                "settlementRounded": True,
            },
            "instrument": _instrument(settlement.instrument, sent_ns),
        }
        for settlement in settlements
    ]
    return _message("STAT", sequence, sent_ns, payload)


def _instrument(instrument: Instrument, sent_ns: int) -> dict[str, str]:
    month = str(instrument.contract_month)
    return {
        "definitionSource": "E",
        "exchangeMic": "XNYM",
        "id": f"{sum(instrument.product.encode())}{month}",
        "marketSeqmentId": "80",
        "periodCode": month,
        "productCode": instrument.product,
        "productGroup": instrument.product,
        "productType": "FUT",
        "symbol": globex_symbol(instrument, int(format_ns(sent_ns)[:4])),
    }
