"""Own what waits to be published: all of it, or only what still counts once too much waits."""

from collections.abc import Iterable
from typing import Final

from core.market import Gap, Healed, Instrument, MarketEvent, Quote, Staleness, Trade

_HARD_BOUND_FACTOR: Final = 10
_SHRINK_FACTOR: Final = 4
"""Let so many times the bound wait before what waits is looked through ahead of its time."""


class ConflatingQueue:
    """Hold events in their order until they are taken.

    Where more than `bound` are taken, or four times as many wait, a quote is left out if one of
    its instrument follows that is not older and no mark that concerns it stands between: so the
    book is right at each mark and at the end, whether a reader goes by arrival or by event time.
    Trades, settlements and marks are all kept up to `hard_bound` events; beyond it the oldest
    trades are dropped, then the oldest of anything.
    """

    def __init__(self, bound: int, hard_bound: int | None = None) -> None:
        self.conflated = 0
        self.dropped = 0
        self._bound = bound
        self._hard_bound = bound * _HARD_BOUND_FACTOR if hard_bound is None else hard_bound
        self._waiting: list[MarketEvent] = []
        self._limit = _SHRINK_FACTOR * bound
        self._taken_conflated = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, events: Iterable[MarketEvent]) -> None:
        """Take in events that follow those that wait."""
        self._waiting.extend(events)
        if len(self._waiting) > self._limit:
            self._shrink()
            # What cannot be shrunk is not looked through at every call.
            self._limit = max(_SHRINK_FACTOR * self._bound, 2 * len(self._waiting))

    def put_back(self, events: list[MarketEvent]) -> None:
        """Take in again what was taken and could not be passed on, ahead of what waits."""
        followers, self._waiting = self._waiting, events
        self.put(followers)

    def take(self) -> tuple[list[MarketEvent], int]:
        """Return what waits, and how many quotes were left out since the last call."""
        if len(self._waiting) > self._bound:
            self._shrink()
        taken, self._waiting = self._waiting, []
        self._limit = _SHRINK_FACTOR * self._bound
        conflated = self.conflated - self._taken_conflated
        self._taken_conflated = self.conflated
        return taken, conflated

    def _shrink(self) -> None:
        before = len(self._waiting)
        self._waiting = without_superseded(self._waiting)
        self.conflated += before - len(self._waiting)
        surplus = len(self._waiting) - self._hard_bound
        if surplus > 0:
            self.dropped += surplus
            self._waiting = _without_oldest(self._waiting, surplus)


def without_superseded(events: list[MarketEvent]) -> list[MarketEvent]:
    """Return the events without the quotes that a newer one makes irrelevant, in their order."""
    kept: list[MarketEvent] = []
    newest_ns: dict[Instrument, int] = {}
    for event in reversed(events):
        if isinstance(event, Quote):
            # A message that came late is older than what stands before it.
            if event.event_ns <= newest_ns.get(event.instrument, -1):
                continue
            newest_ns[event.instrument] = event.event_ns
        elif isinstance(event, Gap | Healed | Staleness):
            _forget(newest_ns, event)
        kept.append(event)
    kept.reverse()
    return kept


def _forget(newest_ns: dict[Instrument, int], mark: Gap | Healed | Staleness) -> None:
    concerned = (mark.instrument,) if isinstance(mark, Staleness) else mark.instruments
    if not concerned:
        newest_ns.clear()
    for instrument in concerned:
        newest_ns.pop(instrument, None)


def _without_oldest(events: list[MarketEvent], count: int) -> list[MarketEvent]:
    kept: list[MarketEvent] = []
    for event in events:
        if count and isinstance(event, Trade):
            count -= 1
        else:
            kept.append(event)
    return kept[count:]
