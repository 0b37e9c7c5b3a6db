"""Hold the venue's times: integer nanoseconds there and back, and every other text refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.cme.timestamps import format_ns, parse_ns


def nanoseconds() -> st.SearchStrategy[int]:
    return st.integers(946_684_800_000_000_000, 4_102_444_800_000_000_000 - 1)


@given(nanoseconds())
def test_nanoseconds_survive(time_ns: int) -> None:
    assert parse_ns(format_ns(time_ns)) == time_ns


def test_shorter_fractions_are_read() -> None:
    assert parse_ns("1970-01-01T00:00:01Z") == 1_000_000_000
    assert parse_ns("1970-01-01T00:00:01.5Z") == 1_500_000_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1970-01-01T00:00:01",
        "1970-01-01T00:00:01+00:00",
        "1970-01-01T00:00:01.1234567890Z",
        "1970-01-01T00:00:01.12345678+Z",
        "1970-13-01T00:00:01.123456789Z",
    ],
)
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|1970"):
        parse_ns(text)
