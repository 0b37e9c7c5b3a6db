"""Own the typed answers of the API; unknown members are ignored, so the API may grow."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Model(BaseModel):
    """Be an immutable answer of the API."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class OpenModel(BaseModel):
    """Be an immutable answer that also keeps members this version does not name."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Health(OpenModel):
    """Tell whether the API answers, and its version."""

    status: str
    version: str


class SourceCoverage(Model):
    """Tell what one source holds of a product."""

    source: str
    first_date: date | None = None
    last_date: date | None = None
    rows: int = 0


class Product(Model):
    """Describe one futures product; `contract_size` is None where it depends on the month."""

    code: str
    name: str
    venue: str
    currency: str
    price_unit: str
    contract_size: Decimal | None = None
    tick: Decimal
    live_source: str | None = None
    sources: tuple[SourceCoverage, ...] = ()


class IgnoredSettlement(Model):
    """Hold a stored settlement that could not be used, such as one of a Sunday, and why."""

    product: str
    date: date
    contract: str
    position: int | None = None
    price: Decimal
    reason: str


class CurvePoint(Model):
    """Hold one contract of a curve; `position` 1 is the front month, `contract` is YYYYMM.

    `is_stale`: a live one is silent for too long, a settled one is of the day `settled_on` before
    or repeats what settled for days. `is_suspect`: no fresh quote since a gap.
    """

    position: int
    contract: str
    symbol: str
    last_trade_date: date
    price: Decimal
    basis: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    settlement: Decimal | None = None
    event_time: datetime | None = None
    is_stale: bool = False
    is_suspect: bool = False
    settled_on: date | None = None


class Curve(Model):
    """Hold the forward curve of one product; prices are `currency` per `price_unit`.

    `gap` tells that the stream behind a live curve is interrupted. Of a settled curve `absent`
    names the delivery months without a price young enough, `ignored` what could not be used.
    """

    product: str
    source: str
    as_of: date
    as_of_time: datetime | None = None
    version: int
    live: bool
    gap: bool
    currency: str
    price_unit: str
    points: tuple[CurvePoint, ...]
    absent: tuple[str, ...] = ()
    ignored: tuple[IgnoredSettlement, ...] = ()
    ignored_rows: int = 0


class Tick(Model):
    """Be a stored quote or trade of one contract, `CL-202612`.

    `event_ns` are nanoseconds since the epoch, UTC: the whole of what the times are cut from.
    """

    instrument: str
    source: str
    event_time: datetime
    received_time: datetime
    event_ns: int

    @model_validator(mode="before")
    @classmethod
    def _with_nanoseconds(cls, values: Any) -> Any:
        if isinstance(values, dict) and isinstance(values.get("event_time"), str):
            return {"event_ns": nanoseconds(values["event_time"]), **values}
        return values


class QuoteTick(Tick):
    """Hold the top of one contract's book; a side without orders is None."""

    session: int
    sequence: int
    frame_index: int
    bid: Decimal | None = None
    bid_size: int | None = None
    ask: Decimal | None = None
    ask_size: int | None = None


class TradeTick(Tick):
    """Hold one stored trade."""

    entry_id: str
    price: Decimal
    size: int
    aggressor: str | None = None


class Bar(Model):
    """Hold the trades of one contract in a minute, or on the trade date whose midnight it is."""

    instrument: str
    source: str
    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    trades: int


class Instrument(Model):
    """Hold one contract; prices are `currency` per `price_unit`, sizes in `price_unit`.

    `basis` is `venue` where its dates are those that the venue lists, else `rule`.
    """

    instrument: str
    contract: str
    symbol: str
    venue: str
    venue_symbol: str | None = None
    last_trade_date: date
    first_trade_date: date | None = None
    first_notice_date: date | None = None
    first_delivery_date: date | None = None
    final_settlement_date: date | None = None
    contract_size: Decimal
    price_unit: str
    currency: str
    minor_per_major: int = 1
    basis: str
    source: str | None = None
    recorded_at: datetime | None = None


class Feed(OpenModel):
    """Tell how the feed of a venue stands; of an unreachable one only `reason` is known.

    `status` is unreachable, disconnected, gap, degraded, stale or connected, the worst that
    applies. `stale` and `suspect` name contracts; `age_s` is the time since the last message.
    """

    venue: str
    status: str
    reason: str | None = None
    source: str | None = None
    connected: bool | None = None
    degraded: bool | None = None
    gap: str | None = None
    last_received_time: datetime | None = None
    age_s: float | None = None
    symbols: int | None = None
    stale: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()
    frames: int | None = None
    events: int | None = None
    stored: int | None = None
    missed: int | None = None
    gaps: int | None = None
    behind: int | None = None
    clock_skew_ms: float | None = None


class FeedSymbol(Model):
    """Tell how fresh one contract is; `limit_s` of open market may pass before it is stale."""

    instrument: str
    symbol: str
    last_event_time: datetime | None = None
    last_received_time: datetime | None = None
    age_s: float | None = None
    is_market_open: bool
    limit_s: float
    is_stale: bool
    is_suspect: bool


class FeedQueue(Model):
    """Tell how full a bounded queue of a feed is; `applied` is how often its policy was."""

    name: str
    policy: str
    held: int
    bound: int
    applied: int


class FeedDetail(Model):
    """Tell all about the feed of a venue."""

    summary: Feed
    session: int
    sequence: int
    bad_frames: dict[str, int] = Field(default_factory=dict)
    refused: dict[str, str] = Field(default_factory=dict)
    queues: tuple[FeedQueue, ...] = ()
    symbols: tuple[FeedSymbol, ...] = ()


class ImportProgress(Model):
    """Tell how far an import is; `total` is None while it is not known."""

    phase: str
    rows: int
    total: int | None = None


class ImportResult(Model):
    """Tell what an import did: `rows` read, of which `stored`, `revised` and `unchanged`."""

    source: str
    rows: int
    stored: int
    revised: int
    unchanged: int
    elapsed_s: float


class ExportResult(Model):
    """Tell what an export wrote; `path` is None if it went to an open file."""

    path: str | None
    bytes_written: int


def nanoseconds(text: str) -> int:
    """Return the nanoseconds since the epoch of a UTC time with up to nine digits of fraction."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9])
