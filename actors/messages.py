"""Own the frozen values that cross between actors and the HTTP edge."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import msgspec

from core.market import GapReason, Instrument, MarketEvent

_EVENTS = msgspec.msgpack.Decoder(list[MarketEvent])


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketBatch:
    """Carry what a feed received since its last flush, in the order of arrival.

    The events are packed, since pickling them one by one takes six times as long.
    """

    venue: str
    source: str
    packed: bytes

    @classmethod
    def of(cls, venue: str, source: str, events: Sequence[MarketEvent]) -> Self:
        """Pack events."""
        return cls(venue=venue, source=source, packed=msgspec.msgpack.encode(events))

    def events(self) -> list[MarketEvent]:
        """Unpack the events."""
        return _EVENTS.decode(self.packed)


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolStatus:
    """Tell how fresh one instrument is.

    `is_stale`: silent for longer than `limit_s` of open market. `is_suspect`: after a gap, no
    fresh value has come yet. `last_received_ns` is None if it was not heard since the feed began.
    """

    instrument: Instrument
    last_event_ns: int | None
    last_received_ns: int | None
    is_market_open: bool
    limit_s: float
    is_stale: bool
    is_suspect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """Tell how full a bounded queue is and how often its policy was applied.

    Policies: `spill` (the rest waits on disk), `conflate` (only the newest quote of each
    instrument is kept), `refuse` (what does not fit is counted, and lost unless it can be stored at
    once).
    """

    name: str
    policy: str
    held: int
    bound: int
    applied: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """Tell how a feed stands. `gap` is None while the stream is whole.

    `degraded`: three frames or more could not be read within a minute. `bad_frames` counts by
    reason, `refused` maps products that the venue refused to its reason. `behind` is how many
    captured bytes wait on disk to be stored. `clock_skew_ms`: median of arrival less sending;
    `store_lag_ms`: 99 % of late were committed so soon after their receipt. `unstorable` counts
    events that the database cannot hold, which are left out.
    """

    venue: str
    source: str
    connected: bool
    degraded: bool
    session: int
    sequence: int
    connections: int
    frames: int
    events: int
    stored: int
    missed: int
    repeated: int
    late: int
    gaps: int
    gap: GapReason | None
    last_received_ns: int | None
    unstorable: int = 0
    behind: int = 0
    clock_skew_ms: float | None = None
    store_lag_ms: float | None = None
    bad_frames: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    queues: tuple[QueueStatus, ...] = ()
    symbols: tuple[SymbolStatus, ...] = ()
