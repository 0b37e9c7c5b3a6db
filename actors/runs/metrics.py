"""Own what is measured of runs, and when: names, labels and buckets; Ray publishes the values."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from core.runs import QueuedRun, RunKind, RunStatus
from jobs.pieces import Finished, Outcome

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class Form(StrEnum):
    """Name how values of a measure add up: the last one counts, their sum, or their spread."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Describe one measure; every value names all of its `labels`."""

    name: str
    form: Form
    about: str
    labels: tuple[str, ...]
    boundaries: tuple[float, ...] = ()


RUNS = Measure(
    name="heliostat_runs",
    form=Form.GAUGE,
    about="Runs that are not final, by status (queued, or running once begun) and kind.",
    labels=("status", "kind"),
)
QUEUE = Measure(
    name="heliostat_run_queue_length",
    form=Form.GAUGE,
    about="Runs that wait for their turn.",
    labels=(),
)
ENDED = Measure(
    name="heliostat_runs_ended",
    form=Form.COUNTER,
    about="Runs that ended, by final status and kind.",
    labels=("status", "kind"),
)
CHUNK_SECONDS = Measure(
    name="heliostat_chunk_seconds",
    form=Form.HISTOGRAM,
    about="Seconds for which a chunk was computed.",
    labels=("kind", "stage"),
    boundaries=_SECONDS,
)
CHUNK_WAIT_SECONDS = Measure(
    name="heliostat_chunk_wait_seconds",
    form=Form.HISTOGRAM,
    about="Seconds between handing a chunk out and its start.",
    labels=("kind", "stage"),
    boundaries=_SECONDS,
)
CHUNK_RETRIES = Measure(
    name="heliostat_chunk_retries",
    form=Form.COUNTER,
    about="Tries of chunks after the first.",
    labels=("kind", "stage"),
)
CHUNKS_BROKEN = Measure(
    name="heliostat_chunks_broken",
    form=Form.COUNTER,
    about="Chunks that failed whenever they were tried.",
    labels=("kind", "stage"),
)
MEASURES = (RUNS, QUEUE, ENDED, CHUNK_SECONDS, CHUNK_WAIT_SECONDS, CHUNK_RETRIES, CHUNKS_BROKEN)


class Meter(Protocol):
    """Take values of measures."""

    def record(self, measure: Measure, value: float, labels: Mapping[str, str]) -> None: ...


class Unmetered:
    """Take values and drop them, for a RunManager outside of Ray."""

    def record(self, measure: Measure, value: float, labels: Mapping[str, str]) -> None:
        """Drop the value."""


class RunMetrics:
    """Turn what happens to runs into values."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._shown: set[tuple[str, str]] = set()

    def standing(self, queue: Iterable[QueuedRun], carried: Mapping[UUID, QueuedRun]) -> None:
        """Tell how many runs wait and are under way; what has none any more becomes 0."""
        counts = Counter(
            (_standing(run, run.run_id in carried).value, run.kind.value) for run in queue
        )
        self._shown |= counts.keys()
        for status, kind in sorted(self._shown):
            labels = {"status": status, "kind": kind}
            self._meter.record(RUNS, counts[status, kind], labels)
        waiting = sum(n for (status, _), n in counts.items() if status == RunStatus.QUEUED)
        self._meter.record(QUEUE, waiting, {})

    def outcome(self, kind: RunKind, outcome: Outcome) -> None:
        """Tell how one chunk of a run ended."""
        labels = {"kind": kind.value, "stage": outcome.stage}
        if outcome.attempts > 1:
            self._meter.record(CHUNK_RETRIES, outcome.attempts - 1, labels)
        if isinstance(outcome, Finished):
            self._meter.record(CHUNK_SECONDS, outcome.elapsed_s, labels)
            self._meter.record(CHUNK_WAIT_SECONDS, outcome.waited_s, labels)
        else:
            self._meter.record(CHUNKS_BROKEN, 1, labels)

    def ended(self, kind: RunKind, status: RunStatus) -> None:
        """Tell that a run has reached a final status."""
        self._meter.record(ENDED, 1, {"status": status.value, "kind": kind.value})


def _standing(run: QueuedRun, is_carried: bool) -> RunStatus:
    begun = is_carried or run.status is not RunStatus.QUEUED
    return RunStatus.RUNNING if begun else RunStatus.QUEUED
