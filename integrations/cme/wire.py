"""Own the shapes of the venue's frames: one structure a message type, and their decoders."""

from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import msgspec


class MessageKind(StrEnum):
    """Name the kinds of message; UNKNOWN is any type this code does not know."""

    LOGIN_STATUS = "LOGINSTATUS"
    HEARTBEAT = "HEARTBEAT"
    SUBSCRIPTION_STATUS = "SUBSCRIPTIONSTATUS"
    SUBSCRIPTION_ERROR = "SUBSCRIPTIONERROR"
    TOP_OF_BOOK = "TOB"
    TRADE = "TRD"
    STATISTICS = "STAT"
    UNKNOWN = "UNKNOWN"


def normalised(word: str) -> str:
    """Return the word as it is compared: upper case, nothing between its parts."""
    return word.upper().replace("_", "").replace(" ", "")


@lru_cache(maxsize=256)
def kind_of(message_type: str) -> MessageKind:
    """Return the kind of a message type; LOGIN_STATUS and LOGINSTATUS are both documented."""
    try:
        return MessageKind(normalised(message_type))
    except ValueError:
        return MessageKind.UNKNOWN


Text = Annotated[str, msgspec.Meta(max_length=256)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class Header(msgspec.Struct, rename="camel", gc=False):
    """Hold what every message begins with."""

    message_type: Text
    sent_time: Text
    sequence_number: Count


class WireInstrument(msgspec.Struct, rename="camel", gc=False):
    """Name a contract; the misspelt marketSeqmentId is one of the keys that are not needed."""

    period_code: Text = ""
    product_code: Text = ""
    product_type: Text = "FUT"
    symbol: Text = ""


class Level(msgspec.Struct, gc=False):
    """Hold one level of a book; prices stay text until they are looked up."""

    price: Text
    qty: Count


class TopEntry(msgspec.Struct, rename="camel", gc=False):
    """Hold the top of one book."""

    last_update_time: Text | None = None
    bid_level: list[Level] = []
    ask_level: list[Level] = []
    instrument: WireInstrument | None = None


class TradeSummary(msgspec.Struct, rename="camel", kw_only=True, gc=False):
    """Hold what was traded."""

    aggressor_side: str | int | None = None
    md_trade_entry_id: Text = ""
    trade_price: Text
    trade_qty: Count
    trade_update_action: Text | None = None


class TradeEntry(msgspec.Struct, rename="camel", gc=False):
    """Hold one trade."""

    last_update_time: Text | None = None
    trade_summary: TradeSummary | None = None
    instrument: WireInstrument | None = None


class TradeStatistics(msgspec.Struct, rename="camel", gc=False):
    """Hold a settlement, if there is one."""

    settlement_price: Text | None = None
    settlement_price_date: date | None = None
    settlement_price_timestamp: Text | None = None
    settlement_actual: bool = True
    settlement_final: bool = False


class StatisticsEntry(msgspec.Struct, rename="camel", gc=False):
    """Hold the statistics of one contract; what is present varies."""

    last_update_time: Text | None = None
    trade_statistics: TradeStatistics | None = None
    instrument: WireInstrument | None = None


class TopMessage(msgspec.Struct, gc=False):
    """Hold a TOB message."""

    header: Header
    payload: list[TopEntry] | TopEntry | None = None


class TradeMessage(msgspec.Struct, gc=False):
    """Hold a TRD message."""

    header: Header
    payload: list[TradeEntry] | TradeEntry | None = None


class StatisticsMessage(msgspec.Struct, gc=False):
    """Hold a STAT message."""

    header: Header
    payload: list[StatisticsEntry] | StatisticsEntry | None = None


class ControlEntry(msgspec.Struct, rename="camel", gc=False):
    """Hold what a login or subscription message says."""

    status: Text | None = None
    text: str | None = None
    error_message: str | None = None


class ControlHeader(msgspec.Struct, rename="camel", gc=False):
    """Hold the header of a message that may answer a request."""

    message_type: Text
    request_id: str | int | None = None


class ControlMessage(msgspec.Struct, gc=False):
    """Hold a login or subscription message."""

    header: ControlHeader
    payload: ControlEntry | list[ControlEntry] | None = None


class AnyMessage(msgspec.Struct, gc=False):
    """Hold the header of any message; its payload may be anything."""

    header: Header


# Not strict: the venue writes integers as strings and flags as booleans or as 0 and 1.
TOPS = msgspec.json.Decoder(TopMessage, strict=False)
TRADES = msgspec.json.Decoder(TradeMessage, strict=False)
STATISTICS = msgspec.json.Decoder(StatisticsMessage, strict=False)
CONTROLS = msgspec.json.Decoder(ControlMessage, strict=False)
ANYTHING = msgspec.json.Decoder(AnyMessage, strict=False)
