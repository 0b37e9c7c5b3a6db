"""Check what is told of runs, with the labels that each measure promises."""

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest

from actors.runs import metrics as run_metrics
from actors.runs.metrics import MEASURES, Form, Measure, RunMetrics
from core.runs import DEFAULT_ORG, QueuedRun, RunKind, RunStatus
from jobs.pieces import Broken, Finished, Outcome

Values = list[tuple[str, float, dict[str, str]]]


class Notebook:
    """Write values down; refuse those whose labels are not the measure's."""

    def __init__(self) -> None:
        self.values: Values = []

    def record(self, measure: Measure, value: float, labels: Mapping[str, str]) -> None:
        assert tuple(labels) == measure.labels
        self.values.append((measure.name, value, dict(labels)))

    def take(self) -> Values:
        taken, self.values = self.values, []
        return taken


def queued(number: int, kind: RunKind, status: RunStatus = RunStatus.QUEUED) -> QueuedRun:
    return QueuedRun(
        org_id=DEFAULT_ORG,
        run_id=UUID(int=number),
        kind=kind,
        status=status,
        backend="auto",
        priority=0,
        deadline=None,
        cancel_requested=False,
        plan="team",
        created_at=datetime(2026, 1, 5, tzinfo=UTC),
    )


def test_runs_are_counted_by_status_and_kind_and_fall_back_to_zero() -> None:
    notes = Notebook()
    metrics = RunMetrics(notes)
    waiting = queued(1, RunKind.SWEEP)
    carried = queued(2, RunKind.SWEEP)
    begun = queued(3, RunKind.CIRCUIT, RunStatus.RUNNING)
    metrics.standing([waiting, carried, begun], {carried.run_id: carried})
    assert notes.take() == [
        ("heliostat_runs", 1, {"status": "queued", "kind": "sweep"}),
        ("heliostat_runs", 1, {"status": "running", "kind": "circuit"}),
        ("heliostat_runs", 1, {"status": "running", "kind": "sweep"}),
        ("heliostat_run_queue_length", 1, {}),
    ]
    metrics.standing([], {})
    assert {value for _, value, _ in notes.take()} == {0}


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (
            Finished(stage="sample", index=0, result={}, elapsed_s=0.04, waited_s=0.2),
            {"heliostat_chunk_seconds": 0.04, "heliostat_chunk_wait_seconds": 0.2},
        ),
        (
            Finished(stage="sample", index=1, result={}, elapsed_s=0.04, attempts=3),
            {
                "heliostat_chunk_retries": 2,
                "heliostat_chunk_seconds": 0.04,
                "heliostat_chunk_wait_seconds": 0.0,
            },
        ),
        (
            Broken(stage="sample", index=2, error={"code": "internal"}, attempts=3),
            {"heliostat_chunk_retries": 2, "heliostat_chunks_broken": 1},
        ),
    ],
    ids=["finished", "tried again", "broken"],
)
def test_a_chunk_tells_its_seconds_tries_and_end(outcome: Outcome, told: dict[str, float]) -> None:
    notes = Notebook()
    RunMetrics(notes).outcome(RunKind.CIRCUIT, outcome)
    values = notes.take()
    assert {name: value for name, value, _ in values} == told
    assert all(labels == {"kind": "circuit", "stage": "sample"} for _, _, labels in values)


@pytest.mark.parametrize("status", [status for status in RunStatus if status.is_final])
def test_an_end_is_counted_once(status: RunStatus) -> None:
    notes = Notebook()
    RunMetrics(notes).ended(RunKind.HEDGE, status)
    labels = {"status": status.value, "kind": "hedge"}
    assert notes.take() == [("heliostat_runs_ended", 1, labels)]


def test_every_measure_is_listed_once_and_only_histograms_have_buckets() -> None:
    defined = [value for value in vars(run_metrics).values() if isinstance(value, Measure)]
    assert sorted(MEASURES, key=id) == sorted(defined, key=id)
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)
    for measure in MEASURES:
        assert bool(measure.boundaries) == (measure.form is Form.HISTOGRAM)
        assert list(measure.boundaries) == sorted(set(measure.boundaries))
