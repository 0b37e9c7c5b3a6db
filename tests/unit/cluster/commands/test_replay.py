"""Check `heliostat replay` on captures written here."""

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from actors.feeds.state import FeedState, checkpoint_records
from core.market import ContractMonth, Instrument, Quote
from integrations.cme.sandbox.messages import encode_top_of_book
from storage.journal import JournalWriter, compress_segment
from storage.journal_format import Record, RecordKind

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi

SENT_NS = 1_795_000_000_000_000_000


def quote(sequence: int) -> Quote:
    return Quote(
        instrument=Instrument("CL", ContractMonth(2027, 1)),
        source="sandbox",
        session=7,
        sequence=sequence,
        frame_index=0,
        event_ns=SENT_NS,
        received_ns=SENT_NS,
        bid=Decimal("71.41"),
        bid_size=1,
        ask=None,
        ask_size=None,
    )


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Write a segment of four quotes, one of them missing, and one frame that is garbage."""
    journal = JournalWriter(
        tmp_path, venue="cme", source="sandbox", products=("CL",), version="test", now_ns=SENT_NS
    )
    journal.append(checkpoint_records(FeedState("cme", "sandbox"), {}, SENT_NS))
    frames = [encode_top_of_book(n, SENT_NS, [quote(n)]) for n in (1, 2, 4)]
    for frame in (*frames, b"{"):
        journal.append([Record(RecordKind.FRAME, 7, SENT_NS, frame)])
    journal.close()
    return journal.path


def summary(api: "FakeApi", path: Path) -> dict[str, Any]:
    result = api.run("replay", str(path), "--json")
    assert result.exit_code == 0, result.output
    [found] = json.loads(result.stdout)
    return dict(found)


def test_a_capture_is_counted_and_twice_the_same(api: "FakeApi", capture: Path) -> None:
    first = summary(api, capture)
    assert first["records"] == {"checkpoint": 1, "frame": 4}
    assert first["events"] == {"quote": 3, "healed": 2, "gap": 1}
    assert summary(api, capture) == first


def test_a_compressed_capture_gives_the_same_events(api: "FakeApi", capture: Path) -> None:
    packed = summary(api, compress_segment(capture))
    assert packed["sha256"] == summary(api, capture)["sha256"]


def test_events_are_lines_of_json(api: "FakeApi", capture: Path) -> None:
    result = api.run("replay", str(capture), "--events")
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["event"] for event in events] == [
        "quote",
        "healed",
        "quote",
        "gap",
        "quote",
        "healed",
    ]


def test_a_file_that_is_no_capture_is_bad_input(api: "FakeApi", tmp_path: Path) -> None:
    other = tmp_path / "other.journal"
    other.write_text("prices")
    result = api.run("replay", str(other))
    assert result.exit_code == 2
    assert "is no segment of a journal" in result.stderr


def test_a_file_that_is_not_there_is_bad_input(api: "FakeApi", tmp_path: Path) -> None:
    assert api.run("replay", str(tmp_path / "absent.journal")).exit_code == 2
