"""Own how long work tells its caller how far it is, and how long the rest will take."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Hold how much work is done, the least energy so far, and the seconds left at this pace."""

    done: int
    total: int
    energy: float
    evaluations: int
    elapsed_s: float
    remaining_s: float


Listener = Callable[[Progress], None]


@dataclass(slots=True, kw_only=True, eq=False)
class Tracker:
    """Count units of work of about equal length and tell the listener after each step.

    The clock gives seconds from any origin; it touches nothing but the estimate.
    """

    total: int
    listener: Listener | None
    clock: Callable[[], float] = time.perf_counter
    _started: float = field(init=False)
    _done: int = 0
    _evaluations: int = 0

    def __post_init__(self) -> None:
        self._started = self.clock()

    def step(self, *, units: int, energy: float, evaluations: int) -> None:
        """Add finished work; `energy` is the best of all work so far."""
        self._done += units
        self._evaluations += evaluations
        if self.listener is None:
            return
        elapsed_s = self.clock() - self._started
        self.listener(
            Progress(
                done=self._done,
                total=self.total,
                energy=energy,
                evaluations=self._evaluations,
                elapsed_s=elapsed_s,
                remaining_s=elapsed_s * (self.total - self._done) / self._done,
            )
        )
