"""Check which line of a log an error message shows."""

from pathlib import Path

import pytest

from cluster.local.service import last_line


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"first\nlast\n", "last"),
        (b"first\nlast\n\n   \n", "last"),
        (b"  indented  ", "indented"),
        (b"\xff broken \xfe\n", "\ufffd broken \ufffd"),
        (b"x" * 9000, "x" * 300),
        (b"old\n" + b"y" * 5000 + b"\nnew\r\n", "new"),
    ],
)
def test_the_last_line_that_says_something(content: bytes, line: str, tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    log.write_bytes(content)
    assert last_line(log) == line


def test_no_log_says_nothing(tmp_path: Path) -> None:
    assert last_line(tmp_path / "none.log") == ""
    assert last_line(tmp_path) == ""
