"""Check the bar of a run: what it tells on a terminal, and that a pipe stays silent."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from heliostat import NotInstalled, RunEvent, progress
from heliostat.progress import RunBar


def event(status: str = "running", **detail: Any) -> RunEvent:
    values = {
        "run_id": "r1",
        "sequence": 1,
        "at": datetime(2026, 1, 5, tzinfo=UTC),
        "kind": "progress",
        "status": status,
        "detail": detail,
    }
    return RunEvent.model_validate(values)


def shown(*events: RunEvent, is_terminal: bool) -> str:
    """Return what is on the screen after each event, with the movements of the cursor."""
    screen = StringIO()
    console = Console(file=screen, force_terminal=is_terminal, force_jupyter=False, width=100)
    with RunBar(console) as bar:
        for one in events:
            bar(one)
            bar._progress.refresh()
    return screen.getvalue()


def test_a_terminal_shows_stage_count_and_time_left() -> None:
    first = event(stage="sample", done=3, total=12, eta_s=75.2)
    text = shown(event("queued"), first, event("succeeded"), is_terminal=True)
    for word in ("queued", "sample", "3/12", "1 min 15 s left", "succeeded"):
        assert word in text


def test_the_end_fills_the_bar() -> None:
    events = (event(stage="sample", done=3, total=12), event("succeeded"))
    assert "12/12" in shown(*events, is_terminal=True)
    assert "12/12" not in shown(events[0], event("cancelled"), is_terminal=True)


def test_a_pipe_stays_silent() -> None:
    events = (event("queued"), event(stage="sample", done=1, total=2, eta_s=1.0))
    assert shown(*events, is_terminal=False) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.9, "59.9 s"), (60, "1 min 00 s"), (3725, "1 h 02 min")],
)
def test_the_time_left_is_told_in_words(seconds: float, text: str) -> None:
    told = shown(event(stage="train", done=1, total=2, eta_s=seconds), is_terminal=True)
    assert f"{text} left" in told


def test_without_rich_a_bar_is_an_error_only_where_it_was_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress, "HAS_RICH", False)
    with progress.bar(None) as show:
        assert show is None
    with pytest.raises(NotInstalled, match=r"rich is not installed: pip .*heliostat\[progress\]"):
        progress.bar(True)


def test_no_bar_is_shown_where_none_is_wanted() -> None:
    with progress.bar(False) as show:
        assert show is None
