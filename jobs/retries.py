"""Own what is tried again: pure decisions about pieces of work that failed."""

from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import BackendUnavailable, SourceUnavailable
from integrations.backoff import Uniform, backoff_s

TRANSIENT: tuple[type[Exception], ...] = (SourceUnavailable, BackendUnavailable)
"""Name the errors that time may cure; every other one is what the work itself answers."""


class Failure(StrEnum):
    """Say how a piece failed: by an error of its own, one that may pass, or with its process."""

    ERROR = "error"
    TRANSIENT = "transient"
    DEATH = "death"


def failure_of(error: BaseException) -> Failure:
    """Classify an error that a body raised."""
    return Failure.TRANSIENT if isinstance(error, TRANSIENT) else Failure.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Say how often each kind of failure is tried again, and how long is waited before.

    A death is repeated at once: the process that died is replaced anyway. Bounds are counted by
    kind, so that a node that goes away does not use up the patience with a slow source.
    """

    deaths: int = 3
    transient: int = 5
    base_s: float = 0.2
    cap_s: float = 5.0


@dataclass(slots=True, kw_only=True)
class Attempts:
    """Count what happened to one piece."""

    deaths: int = 0
    transient: int = 0
    started: int = field(default=0)

    def after(self, failure: Failure, policy: RetryPolicy, rng: Uniform) -> float | None:
        """Count a failure; return the seconds to wait before the next try, None if there is none.

        The bounds hold tries after the first.
        """
        match failure:
            case Failure.ERROR:
                return None
            case Failure.DEATH:
                self.deaths += 1
                return 0.0 if self.deaths <= policy.deaths else None
            case Failure.TRANSIENT:
                self.transient += 1
                if self.transient > policy.transient:
                    return None
                return backoff_s(self.transient - 1, rng, base_s=policy.base_s, cap_s=policy.cap_s)
