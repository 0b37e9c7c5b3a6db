"""Own what the market stream brings; members that this version does not name are kept."""

from datetime import date, datetime
from decimal import Decimal

from heliostat.models import OpenModel


class MarketEvent(OpenModel):
    """Be what the market stream brings; `event_id` resumes the stream after this event.

    `source` is None for marks of the stream itself.
    """

    kind: str
    event_id: str | None = None
    source: str | None = None


class Gap(MarketEvent):
    """Mark that messages may be missing before this point of the stream.

    Of `instruments`, or of every one of the venue where there are none. The reason `trimmed`
    means that the API no longer kept them: read the latest quotes of `product` anew.
    """

    venue: str
    reason: str
    product: str | None = None
    received_time: datetime | None = None
    instruments: tuple[str, ...] = ()


class Healed(MarketEvent):
    """Mark that these instruments have fresh values again after a gap."""

    venue: str
    received_time: datetime
    instruments: tuple[str, ...] = ()


class Silence(MarketEvent):
    """Be a mark of one contract's silence while its market is open."""

    product: str
    contract: str
    symbol: str
    venue: str
    silent_since: datetime
    limit_s: float
    received_time: datetime


class Stale(Silence):
    """Mark that a contract has been silent for longer than its limit."""


class Fresh(Silence):
    """Mark that a silent contract speaks again."""


class Conflated(MarketEvent):
    """Tell that this reader was far behind: `left_out` quotes were replaced by newer ones."""

    product: str
    left_out: int


class ContractEvent(MarketEvent):
    """Be an event of one contract (YYYYMM); `event_ns` are nanoseconds since the epoch, UTC."""

    product: str
    contract: str
    symbol: str
    event_time: datetime
    event_ns: int | None = None


class Quote(ContractEvent):
    """Hold the top of one contract's book."""

    bid: Decimal | None = None
    bid_size: int | None = None
    ask: Decimal | None = None
    ask_size: int | None = None


class Trade(ContractEvent):
    """Hold one trade."""

    price: Decimal
    size: int
    aggressor: str | None = None


class Settlement(ContractEvent):
    """Hold one settlement price as a venue announced it.

    `stage` is preliminary, final or corrected.
    """

    price: Decimal
    trade_date: date
    stage: str
