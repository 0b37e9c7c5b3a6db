"""Own how the feeds stand, over HTTP."""

import asyncio
from datetime import datetime
from enum import StrEnum

from fastapi import APIRouter
from pydantic import BaseModel

from actors.messages import FeedStatus, SymbolStatus
from core.clock import NANOSECONDS_PER_SECOND, utc_from_ns
from core.errors import SourceUnavailable
from core.identity import Permission
from serve.identity.access import needs
from serve.services import Services, ServicesOf

router = APIRouter(tags=["feeds"], dependencies=[needs(Permission.FEEDS_READ)])

ANSWER_WITHIN_S = 3.0


class FeedHealth(StrEnum):
    """Say in one word how a feed stands; the first that applies, from the worst."""

    UNREACHABLE = "unreachable"
    DISCONNECTED = "disconnected"
    GAP = "gap"
    DEGRADED = "degraded"
    STALE = "stale"
    CONNECTED = "connected"


class QueueView(BaseModel):
    """Tell how full a queue is; `applied` is how often its policy was."""

    name: str
    policy: str
    held: int
    bound: int
    applied: int


class SymbolView(BaseModel):
    """Tell how fresh a contract is.

    `is_stale`: silent for longer than `limit_s` of open market. `is_suspect`: not heard since a
    gap.
    """

    instrument: str
    symbol: str
    last_event_time: datetime | None
    last_received_time: datetime | None
    age_s: float | None
    is_market_open: bool
    limit_s: float
    is_stale: bool
    is_suspect: bool


class FeedSummary(BaseModel):
    """Tell how the feed of a venue stands; of an unreachable one only `reason` is known.

    `stale` and `suspect` name contracts. `age_s` is the time since the last message. `behind` is
    how many captured bytes wait to be stored. `clock_skew_ms` is arrival less the venue's sending.
    """

    venue: str
    status: FeedHealth
    reason: str | None = None
    source: str | None = None
    connected: bool | None = None
    degraded: bool | None = None
    gap: str | None = None
    last_received_time: datetime | None = None
    age_s: float | None = None
    symbols: int | None = None
    stale: list[str] = []
    suspect: list[str] = []
    frames: int | None = None
    events: int | None = None
    stored: int | None = None
    missed: int | None = None
    repeated: int | None = None
    late: int | None = None
    gaps: int | None = None
    connections: int | None = None
    behind: int | None = None
    clock_skew_ms: float | None = None


class FeedList(BaseModel):
    """List the feeds of this stack."""

    items: list[FeedSummary]


class FeedView(BaseModel):
    """Tell all about the feed of a venue; `refused` maps products to the venue's reason."""

    summary: FeedSummary
    session: int
    sequence: int
    bad_frames: dict[str, int]
    refused: dict[str, str]
    queues: list[QueueView]
    symbols: list[SymbolView]


@router.get("/feeds")
async def list_feeds(services: ServicesOf) -> FeedList:
    """Tell how every feed stands; one that does not answer is listed as unreachable."""
    venues = await services.feeds.venues()
    return FeedList(items=await asyncio.gather(*(_summary_of(services, v) for v in venues)))


@router.get("/feeds/{venue}")
async def read_feed(venue: str, services: ServicesOf) -> FeedView:
    """Tell all about one feed, contract by contract."""
    status = await _status(services, venue)
    now_ns = services.clock.now_ns()
    return FeedView(
        summary=summarise(status, now_ns),
        session=status.session,
        sequence=status.sequence,
        bad_frames=status.bad_frames,
        refused=status.refused,
        queues=[
            QueueView(
                name=queue.name,
                policy=queue.policy,
                held=queue.held,
                bound=queue.bound,
                applied=queue.applied,
            )
            for queue in status.queues
        ],
        symbols=[_symbol(symbol, now_ns) for symbol in status.symbols],
    )


async def _summary_of(services: Services, venue: str) -> FeedSummary:
    try:
        status = await _status(services, venue)
    except SourceUnavailable as error:
        return FeedSummary(venue=venue, status=FeedHealth.UNREACHABLE, reason=error.detail)
    return summarise(status, services.clock.now_ns())


async def _status(services: Services, venue: str) -> FeedStatus:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await services.feeds.status(venue)
    except TimeoutError as error:
        reason = f"it did not answer within {ANSWER_WITHIN_S:.0f} s"
        raise SourceUnavailable(source=f"feed of {venue}", reason=reason) from error


def summarise(status: FeedStatus, now_ns: int) -> FeedSummary:
    """Turn a feed's own account into its summary at `now_ns`."""
    stale = [str(symbol.instrument) for symbol in status.symbols if symbol.is_stale]
    return FeedSummary(
        venue=status.venue,
        status=health_of(status, bool(stale)),
        source=status.source,
        connected=status.connected,
        degraded=status.degraded,
        gap=None if status.gap is None else status.gap.value,
        last_received_time=_time(status.last_received_ns),
        age_s=_age_s(status.last_received_ns, now_ns),
        symbols=len(status.symbols),
        stale=stale,
        suspect=[str(symbol.instrument) for symbol in status.symbols if symbol.is_suspect],
        frames=status.frames,
        events=status.events,
        stored=status.stored,
        missed=status.missed,
        repeated=status.repeated,
        late=status.late,
        gaps=status.gaps,
        connections=status.connections,
        behind=status.behind,
        clock_skew_ms=status.clock_skew_ms,
    )


def health_of(status: FeedStatus, has_stale: bool) -> FeedHealth:
    """Say in one word how a feed stands."""
    if not status.connected:
        return FeedHealth.DISCONNECTED
    if status.gap is not None:
        return FeedHealth.GAP
    if status.degraded:
        return FeedHealth.DEGRADED
    return FeedHealth.STALE if has_stale else FeedHealth.CONNECTED


def _symbol(symbol: SymbolStatus, now_ns: int) -> SymbolView:
    return SymbolView(
        instrument=str(symbol.instrument),
        symbol=symbol.instrument.symbol,
        last_event_time=_time(symbol.last_event_ns),
        last_received_time=_time(symbol.last_received_ns),
        age_s=_age_s(symbol.last_received_ns, now_ns),
        is_market_open=symbol.is_market_open,
        limit_s=symbol.limit_s,
        is_stale=symbol.is_stale,
        is_suspect=symbol.is_suspect,
    )


def _time(time_ns: int | None) -> datetime | None:
    return None if time_ns is None else utc_from_ns(time_ns)


def _age_s(time_ns: int | None, now_ns: int) -> float | None:
    # Two clocks may differ by a little; nothing was received in the future.
    return None if time_ns is None else max(0, now_ns - time_ns) / NANOSECONDS_PER_SECOND
