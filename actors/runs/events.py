"""Own what a run says of itself while it is carried out."""

from dataclasses import dataclass
from typing import Any

from core.clock import NANOSECONDS_PER_SECOND
from core.errors import HeliostatError
from core.run_life import Step
from core.runs import MANAGER

_SOONEST_NS = NANOSECONDS_PER_SECOND // 4
_EVENTS_PER_RUN = 200


@dataclass(slots=True)
class Progress:
    """Count finished pieces and estimate when the rest will be done."""

    total: int
    started_ns: int
    done: int = 0
    _done_before: int = 0
    _told_ns: int | None = None

    def already(self, count: int) -> None:
        """Count pieces that an earlier attempt finished; they say nothing about the pace."""
        self.done = self._done_before = count

    def advance(self) -> None:
        """Count one more piece."""
        self.done += 1

    def step(self, stage: str, now_ns: int) -> Step | None:
        """Return the event of this moment, or None if the last one is too recent.

        A long run tells its progress less often than a short one, some hundreds of times in all.
        """
        pause_ns = max(_SOONEST_NS, (now_ns - self.started_ns) // _EVENTS_PER_RUN)
        if self._told_ns is not None and now_ns - self._told_ns < pause_ns:
            return None
        self._told_ns = now_ns
        return Step(kind="progress", who=MANAGER, detail=self.detail(stage, now_ns))

    def detail(self, stage: str, now_ns: int) -> dict[str, Any]:
        """Return stage, counts, and the seconds still expected, for a progress event."""
        elapsed_s = (now_ns - self.started_ns) / NANOSECONDS_PER_SECOND
        measured = self.done - self._done_before
        remaining = max(0, self.total - self.done)
        eta_s = elapsed_s / measured * remaining if measured else None
        return {
            "stage": stage,
            "done": self.done,
            "total": self.total,
            "eta_s": None if eta_s is None else round(eta_s, 3),
        }


def problem_of(error: HeliostatError) -> dict[str, Any]:
    """Return an error's code, sentence and context, as stored with a failed run."""
    return {"code": error.code, "detail": error.detail, **error.context}
