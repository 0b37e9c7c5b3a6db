"""Own two measures of a connection's health: how much of it is unreadable, and its clock skew.

Pure: every time is a parameter.
"""

import statistics
from collections import Counter, deque
from typing import Final

from core.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND

_WINDOW_NS: Final = 60 * NANOSECONDS_PER_SECOND
_MANY: Final = 3


class BadFrameWindow:
    """Tell whether a venue is degraded: from three bad frames in a minute to a minute without."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._latest: deque[int] = deque(maxlen=_MANY)
        self._is_degraded = False

    def observe(self, reason: str, received_ns: int) -> None:
        """Take in a frame that could not be read; times do not fall."""
        self._is_degraded = self.is_degraded(received_ns)
        self._counts[reason] += 1
        self._latest.append(received_ns)
        if len(self._latest) == _MANY and received_ns - self._latest[0] < _WINDOW_NS:
            self._is_degraded = True

    def is_degraded(self, now_ns: int) -> bool:
        """Tell whether the venue is degraded now."""
        return self._is_degraded and now_ns - self._latest[-1] < _WINDOW_NS

    def counts(self) -> dict[str, int]:
        """Return how many frames could not be read so far, by reason."""
        return dict(self._counts)


class ClockSkew:
    """Estimate how far a venue's clock is behind ours, transport included, by a median.

    One sample a batch is enough; a burst that waited in a buffer does not move a median far.
    """

    def __init__(self, samples: int = 512) -> None:
        self._samples: deque[int] = deque(maxlen=samples)

    def observe(self, delay_ns: int) -> None:
        """Take in one arrival time less the time at which the venue sent."""
        self._samples.append(delay_ns)

    def median_ms(self) -> float | None:
        """Return the median of the last samples, in milliseconds; None without any."""
        if not self._samples:
            return None
        return statistics.median(self._samples) / NANOSECONDS_PER_MILLISECOND
