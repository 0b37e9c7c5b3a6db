"""Check that anchors are read as written, and that what is damaged is told of."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import AnchorsUnreadable
from storage.audit.anchors import Anchor, last_position, read_anchors, write_anchor

NOW = datetime(2026, 12, 31, 23, 30, 0, 123456, tzinfo=UTC)


def an_anchor(position: int) -> Anchor:
    return Anchor(position=position, digest=bytes([position % 256] * 32), at=NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "anchors.jsonl"


def test_none_are_there_before_the_first(path: Path) -> None:
    assert read_anchors(path) == []
    assert last_position(path) == 0


def test_they_come_back_in_order_and_are_for_this_user_only(path: Path) -> None:
    written = [an_anchor(position) for position in range(1, 200)]
    for one in written:
        write_anchor(path, one)
    assert read_anchors(path) == written
    assert last_position(path) == 199
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_lost_power_supply_cut_short_is_left_out_and_written_over(path: Path) -> None:
    write_anchor(path, an_anchor(1))
    write_anchor(path, an_anchor(2))
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        assert read_anchors(path) == [an_anchor(1)]
        assert last_position(path) == 1
        write_anchor(path, an_anchor(3))
        assert read_anchors(path) == [an_anchor(1), an_anchor(3)]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        '{"position": 0, "digest": "%s", "at": "2026-01-01T00:00:00Z"}' % ("00" * 32),
        '{"position": 1, "digest": "00", "at": "2026-01-01T00:00:00Z"}',
        '{"position": 1, "digest": "%s", "at": "2026-01-01T00:00:00Z"}' % ("zz" * 32),
        '{"position": 1, "digest": "%s", "at": "yesterday"}' % ("00" * 32),
    ],
)
def test_a_damaged_line_is_named(path: Path, line: str) -> None:
    write_anchor(path, an_anchor(1))
    with path.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(AnchorsUnreadable) as refused:
        read_anchors(path)
    assert refused.value.context["line"] == 2
    with pytest.raises(AnchorsUnreadable):
        last_position(path)
