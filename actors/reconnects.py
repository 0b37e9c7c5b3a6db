"""Own when feeds that lost their connection try again, each alone and all of them together.

Pure: every time is a parameter and chance is given.
"""

from dataclasses import dataclass, replace
from typing import Final

from core.clock import NANOSECONDS_PER_SECOND
from integrations.backoff import Uniform, backoff_s

MASS_FEEDS: Final = 5
MASS_WINDOW_S: Final = 1.0
MASS_SPREAD_S: Final = 15.0

HOLD_S: Final = 0.4
"""Hold an answer this long to see whether others drop as well."""
LONE_SPREAD_S: Final = 0.3
"""Spread a lone feed's first try; with the hold and two calls it stays within a second."""

_WINDOW_NS: Final = int(MASS_WINDOW_S * NANOSECONDS_PER_SECOND)
_SPREAD_NS: Final = int(MASS_SPREAD_S * NANOSECONDS_PER_SECOND)
_JOIN_NS: Final = _WINDOW_NS + int(HOLD_S * NANOSECONDS_PER_SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectState:
    """Tell what is known of one feed's reconnecting.

    `attempt` counts from 0, the first try after a drop; `due_ns` is when it is to happen, and None
    while the answer is held. `mass_drops` of the `drops` came together with other feeds'.
    """

    venue: str
    attempt: int
    asked_ns: int
    due_ns: int | None
    drops: int
    mass_drops: int


class _MassDrop:
    """Hand out the moments at which the feeds of one mass drop try again.

    Moments follow the van der Corput sequence, shifted at random: however many feeds there are,
    they are spread evenly, without knowing beforehand how many will come.
    """

    def __init__(self, began_ns: int, rng: Uniform) -> None:
        self._began_ns = began_ns
        self._shift = rng.uniform(0.0, 1.0)
        self._number = 0

    def takes(self, now_ns: int) -> bool:
        """Tell whether a feed that asks now belongs to it."""
        return self._began_ns <= now_ns < self._began_ns + _JOIN_NS

    def moment_ns(self, now_ns: int) -> int:
        """Return the next moment that is not past."""
        moment_ns = self._next_ns()
        # Moments reach far beyond the time in which feeds join, so one is always ahead.
        while moment_ns < now_ns:
            moment_ns = self._next_ns()
        return moment_ns

    def _next_ns(self) -> int:
        place = (_van_der_corput(self._number) + self._shift) % 1.0
        self._number += 1
        return self._began_ns + int(place * _SPREAD_NS)


class ReconnectPlanner:
    """Decide how long each feed waits before it tries again.

    A lone drop is tried again within a second, later attempts back off exponentially with full
    jitter up to 60 s. Where five feeds or more drop within a second, their first attempts are
    spread over 15 s.
    """

    def __init__(self, rng: Uniform) -> None:
        self._rng = rng
        self._drops: dict[str, int] = {}
        self._mass: _MassDrop | None = None
        self._states: dict[str, ReconnectState] = {}

    def ask(self, venue: str, attempt: int, now_ns: int) -> float:
        """Take in that a feed asks, and return for how many seconds to hold the answer."""
        before = self._states.get(venue)
        is_drop = attempt == 0
        self._states[venue] = ReconnectState(
            venue=venue,
            attempt=attempt,
            asked_ns=now_ns,
            due_ns=None,
            drops=(before.drops if before else 0) + is_drop,
            mass_drops=before.mass_drops if before else 0,
        )
        if not is_drop:
            return 0.0
        self._forget_drops_before(now_ns - 2 * _WINDOW_NS)
        self._drops[venue] = now_ns
        return 0.0 if self._is_mass(now_ns) else HOLD_S

    def answer(self, venue: str, attempt: int, asked_ns: int, now_ns: int) -> float:
        """Return for how many seconds, from now, the feed that asked at `asked_ns` is to wait."""
        is_mass = attempt == 0 and self._is_mass(asked_ns)
        if is_mass:
            delay_s = (self._moment_ns(now_ns) - now_ns) / NANOSECONDS_PER_SECOND
        elif attempt == 0:
            delay_s = self._rng.uniform(0.0, LONE_SPREAD_S)
        else:
            delay_s = backoff_s(attempt, self._rng)
        state = self._states[venue]
        self._states[venue] = replace(
            state,
            due_ns=now_ns + int(delay_s * NANOSECONDS_PER_SECOND),
            mass_drops=state.mass_drops + is_mass,
        )
        return delay_s

    def states(self) -> tuple[ReconnectState, ...]:
        """Return what is known of each feed that ever asked, by venue."""
        return tuple(state for _, state in sorted(self._states.items()))

    def _moment_ns(self, now_ns: int) -> int:
        if self._mass is None or not self._mass.takes(now_ns):
            self._mass = _MassDrop(now_ns, self._rng)
        return self._mass.moment_ns(now_ns)

    def _is_mass(self, dropped_ns: int) -> bool:
        """Tell whether some second around `dropped_ns` saw enough feeds drop."""
        near = sorted(ns for ns in self._drops.values() if abs(ns - dropped_ns) <= _WINDOW_NS)
        return any(
            last - first <= _WINDOW_NS and first <= dropped_ns <= last
            for first, last in zip(near, near[MASS_FEEDS - 1 :], strict=False)
        )

    def _forget_drops_before(self, before_ns: int) -> None:
        self._drops = {venue: ns for venue, ns in self._drops.items() if ns >= before_ns}


def _van_der_corput(number: int) -> float:
    """Return the bits of a number mirrored at the point: 0, 1/2, 1/4, 3/4, 1/8, …"""
    place, weight = 0.0, 0.5
    while number:
        place += weight * (number & 1)
        number >>= 1
        weight /= 2
    return place
