"""Own how long our calls take, and how long the memory itself would need."""

import time
from collections.abc import Callable

import numpy as np

FLOOR_BYTES = 40
"""What one layer must move of each amplitude: 16 read, 16 written, and 8 of its cost."""

_RESIDENT_BYTES = 24  # an amplitude and its cost
_LEAST_S = 0.002
_ENOUGH_S = 1.0
_MAX_RUNS = 101


def in_turn(runs: int, *calls: Callable[[], float]) -> tuple[list[float], ...]:
    """Return the durations that each call tells, taken in turn.

    At least so many of each; short calls are asked again until a second has passed.
    """
    told: tuple[list[float], ...] = tuple([] for _ in calls)
    started = time.perf_counter()
    while len(told[0]) < runs or (
        len(told[0]) < _MAX_RUNS and time.perf_counter() - started < _ENOUGH_S
    ):
        for call, seconds in zip(calls, told, strict=True):
            seconds.append(call())
    return told


class Timed:
    """Time a call, so often at a time that the clock's own cost does not show."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._call()
        self._repeats = max(1, int(_LEAST_S / min(self._passed(1) for _ in range(3))))

    def seconds(self) -> float:
        """Return the mean duration of one call."""
        return self._passed(self._repeats) / self._repeats

    def _passed(self, repeats: int) -> float:
        started = time.perf_counter()
        for _ in range(repeats):
            self._call()
        return time.perf_counter() - started


class Floor:
    """Time 40 bytes an amplitude at the copy bandwidth of what holds the state.

    The copy has the working set of the evolution, 24 bytes an amplitude, in a source and a
    destination; it moves each of its bytes once.
    """

    def __init__(self, amplitudes: int) -> None:
        source = np.ones(amplitudes * _RESIDENT_BYTES // 2, dtype=np.uint8)
        target = np.zeros_like(source)
        self._copy = Timed(lambda: np.copyto(target, source))

    def seconds(self) -> float:
        """Return the least duration of a layer, as measured now."""
        return self._copy.seconds() * FLOOR_BYTES / _RESIDENT_BYTES
