"""Own the frozen values that cross between actors and the HTTP edge."""

from dataclasses import dataclass

from core.market import Gap, GapReason, Quote, Settlement, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketBatch:
    """Carry what a feed received since its last flush, in the order of arrival."""

    venue: str
    source: str
    events: tuple[Quote | Trade | Settlement | Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """Tell how a feed stands. `gap` is None while the stream is whole."""

    venue: str
    source: str
    connected: bool
    session: int
    sequence: int
    connections: int
    frames: int
    events: int
    stored: int
    dropped: int
    bad_frames: int
    gaps: int
    gap: GapReason | None
    last_received_ns: int | None
