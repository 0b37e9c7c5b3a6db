"""Own the typed answers of the API; unknown members are ignored, so the API may grow."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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


class CurvePoint(Model):
    """Hold one contract of a curve; `position` 1 is the front month, `contract` is YYYYMM."""

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


class Curve(Model):
    """Hold the forward curve of one product; prices are `currency` per `price_unit`.

    `gap` tells that the stream behind a live curve is interrupted.
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


class RunStatus(StrEnum):
    """Name the states of a run; the last three are final."""

    QUEUED = "queued"
    PLANNING = "planning"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED}


class Run(Model):
    """Hold one run as the API stores it.

    `problem` is what was solved, from which anyone can recompute the optimum; `result` is the
    answer beside the classical optimum; `error` is the problem object of a failed run.
    """

    run_id: str
    kind: str
    status: RunStatus
    specification: dict[str, Any] = Field(default_factory=dict)
    problem: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    cancel_requested: bool = False
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    elapsed_s: float | None = None
    chunks: tuple[dict[str, Any], ...] | None = None


class RunPage(Model):
    """Hold one page of runs, newest first; `next_before` is None on the last one."""

    items: tuple[Run, ...]
    next_before: str | None = None


class RunEvent(Model):
    """Record one step in the life of a run; `sequence` counts from 1 without holes."""

    run_id: str
    sequence: int
    at: datetime
    kind: str
    status: RunStatus
    detail: dict[str, Any] = Field(default_factory=dict)


class MarketEvent(OpenModel):
    """Be what the quote stream brings; `event_id` resumes the stream after this event."""

    kind: str
    event_id: str | None = None
    source: str


class Gap(MarketEvent):
    """Mark that messages of a venue may be missing before this point of the stream."""

    venue: str
    reason: str
    received_time: datetime | None = None


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
    """Hold one settlement price as the venue announced it; `stage` is preliminary or final."""

    price: Decimal
    trade_date: date
    stage: str


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
