"""Own what a run says of itself while it is carried out."""

from dataclasses import dataclass
from typing import Any

from core.clock import NANOSECONDS_PER_SECOND
from core.errors import HeliostatError


@dataclass(slots=True)
class Progress:
    """Count finished pieces and estimate when the rest will be done."""

    total: int
    started_ns: int
    done: int = 0
    _done_before: int = 0

    def already(self, count: int) -> None:
        """Count pieces that an earlier attempt finished; they say nothing about the pace."""
        self.done = self._done_before = count

    def advance(self) -> None:
        """Count one more piece."""
        self.done += 1

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
