"""Check conversions of time: nothing above a microsecond is ever lost."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ShiftedClock, SystemClock, ns_from_utc, utc_from_ns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
aware = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, ZoneInfo("America/New_York"), ZoneInfo("Europe/London")]),
)


@given(aware)
def test_a_moment_survives_the_round_trip(moment: datetime) -> None:
    assert utc_from_ns(ns_from_utc(moment)) == moment.astimezone(UTC)


@given(st.integers(min_value=-(10**18), max_value=4 * 10**18))
def test_nanoseconds_lose_only_what_is_below_a_microsecond(time_ns: int) -> None:
    returned = ns_from_utc(utc_from_ns(time_ns))
    assert returned == time_ns - time_ns % 1000


@given(aware)
def test_nanoseconds_agree_with_exact_division(moment: datetime) -> None:
    assert ns_from_utc(moment) == (moment - EPOCH) // timedelta(microseconds=1) * 1000


def test_known_moment() -> None:
    moment = datetime(2023, 12, 29, 14, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-5)))
    assert ns_from_utc(moment) == 1_703_878_200_123_456_000
    assert utc_from_ns(1_703_878_200_123_456_789).isoformat() == "2023-12-29T19:30:00.123456+00:00"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware datetime"):
        ns_from_utc(datetime(2023, 12, 29))  # noqa: DTZ001 - what is refused


def test_a_shifted_clock_follows_its_base() -> None:
    times = iter([100, 250])
    clock = ShiftedClock(-40, base_now_ns=lambda: next(times))
    assert [clock.now_ns(), clock.now_ns()] == [60, 210]


def test_the_system_clock_tells_nanoseconds() -> None:
    first = SystemClock().now_ns()
    assert datetime(2024, 1, 1, tzinfo=UTC) < utc_from_ns(first) < datetime(2200, 1, 1, tzinfo=UTC)
    assert ShiftedClock(10**18).now_ns() >= first + 10**18
