"""Check how a run is told: progress on a terminal, and words for numbers."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from cluster.commands.output import duration_text
from cluster.commands.portfolio import RunProgress, result_table, summary
from heliostat import Run, RunEvent, RunStatus


def event(status: str, **detail: Any) -> RunEvent:
    return RunEvent(
        run_id="r1",
        sequence=1,
        at=datetime(2026, 1, 5, tzinfo=UTC),
        kind="progress",
        status=RunStatus(status),
        detail=detail,
    )


def test_a_terminal_shows_stage_count_and_what_is_left() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=120)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]} {task.fields[ahead]}"),
    )
    with Progress(*columns, console=console, auto_refresh=False) as display:
        watcher = RunProgress(display)
        watcher.show(event("queued"))
        assert (display.tasks[0].description, display.tasks[0].total) == ("queued", None)
        watcher.show(event("running", stage="train", done=2, total=8, eta_s=65.0))
        (task,) = display.tasks
        assert (task.description, task.completed, task.total) == ("train", 2, 8)
        assert task.fields == {"count": "2/8", "ahead": "1 min 05 s left"}


def test_a_run_without_result_is_told_without_numbers() -> None:
    run = Run(run_id="r1", kind="portfolio", status=RunStatus.FAILED, error={"detail": "why"})
    answer = summary(run)
    assert answer["objective"] is None
    assert answer["classical_optimum"] is None
    assert answer["error"] == {"detail": "why"}
    assert result_table(run).row_count == 3


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "40 ms"),
        (0.4, "0.4 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 00 s"),
        (7199.9, "2 h 00 min"),
    ],
)
def test_durations_are_read_easily(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
