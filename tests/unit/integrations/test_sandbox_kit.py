from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ShiftedClock, ns_from_utc
from core.errors import InvalidInput
from core.market import Instrument
from integrations.sandbox_kit import (
    FAULTS,
    FOREVER,
    FaultSwitch,
    SandboxClock,
    sandbox_arguments,
    sandbox_today,
    session_offset_ns,
)
from quant.calendars import NEW_YORK, TRADING_HOURS, is_session_open

HOUR_NS = 3_600_000_000_000


def ns(text: str) -> int:
    return ns_from_utc(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))


@given(st.datetimes(datetime(2007, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_sandbox_always_opens_in_a_session(moment: datetime) -> None:
    now_ns = ns_from_utc(moment)
    offset_ns = session_offset_ns(now_ns)
    assert all(is_session_open(code, now_ns + offset_ns) for code in TRADING_HOURS)
    # Never ahead of the wall clock, and at most a long holiday weekend behind it.
    assert -7 * 24 * HOUR_NS < offset_ns <= 0
    assert offset_ns == 0 or not all(is_session_open(code, now_ns) for code in TRADING_HOURS)


@pytest.mark.parametrize(
    ("moment", "opened", "today"),
    [
        ("2026-11-20 11:59", "2026-11-20 11:59", date(2026, 11, 20)),
        ("2026-11-20 12:00", "2026-11-20 10:00", date(2026, 11, 20)),
        ("2026-11-19 20:00", "2026-11-19 10:00", date(2026, 11, 19)),
        ("2026-11-21 12:00", "2026-11-20 10:00", date(2026, 11, 20)),
        ("2026-11-22 17:00", "2026-11-20 10:00", date(2026, 11, 20)),
        ("2026-11-23 17:30", "2026-11-23 10:00", date(2026, 11, 23)),
        ("2026-11-26 03:00", "2026-11-25 10:00", date(2026, 11, 25)),
    ],
)
def test_known_moments(moment: str, opened: str, today: date) -> None:
    now_ns = ns(moment)
    assert now_ns + session_offset_ns(now_ns) == ns(opened)
    assert sandbox_today(now_ns) == today


def test_the_clock_runs_on_from_where_it_opened() -> None:
    wall = ShiftedClock(0, lambda: ns("2026-11-21 12:00"))
    clock = SandboxClock(wall)
    assert clock.now_ns() == ns("2026-11-20 10:00")
    wall.offset_ns += HOUR_NS
    assert clock.now_ns() == ns("2026-11-20 11:00")


def test_a_fault_happens_as_often_as_it_is_armed() -> None:
    switch = FaultSwitch()
    assert not any(switch.take(fault) for fault in FAULTS)
    switch.arm("silence", 2)
    assert [switch.take("silence") for _ in range(3)] == [True, True, False]
    switch.arm("garbage_frame", FOREVER)
    assert all(switch.take("garbage_frame") for _ in range(9))
    switch.clear()
    assert not switch.take("garbage_frame")
    assert switch.happened["garbage_frame"] == 9


def test_a_sandbox_adds_faults_of_its_own() -> None:
    switch = FaultSwitch("bad_checksum")
    switch.arm("bad_checksum")
    assert switch.take("bad_checksum")
    switch.arm("bad_checksum", 5)
    switch.clear()
    assert not switch.take("bad_checksum")
    with pytest.raises(InvalidInput, match="expected one of"):
        FaultSwitch().arm("bad_checksum")


def test_one_symbol_freezes_and_no_other() -> None:
    switch = FaultSwitch()
    with pytest.raises(InvalidInput, match="symbol"):
        switch.arm("freeze_symbol")
    switch.arm("freeze_symbol", 2, "CL-202701")
    frozen, other = Instrument.parse("CL-202701"), Instrument.parse("CL-202702")
    assert [switch.freezes(one) for one in (other, frozen, other, frozen, frozen)] == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert switch.happened["freeze_symbol"] == 2
    switch.arm("freeze_symbol", FOREVER, "CL-202702")
    assert switch.freezes(other)
    switch.clear()
    assert not switch.freezes(other)


def test_ports_are_read_from_the_command_line() -> None:
    read = sandbox_arguments("Serve.", ["--port", "5", "--control-port", "6", "--seed", "7"])
    assert (read.port, read.control_port, read.seed) == (5, 6, 7)
    assert sandbox_arguments("Serve.", []).control_port == 0


def test_http_faults_name_their_status() -> None:
    switch = FaultSwitch()
    for fault, status in (("unauthorized", 401), ("too_many_requests", 429), ("server_error", 500)):
        switch.arm(fault)
        assert switch.http_status() == status
        assert switch.http_status() is None


def test_every_day_of_a_year_has_a_sandbox_day() -> None:
    start = ns("2026-01-01 12:00")
    for n in range(365):
        today = sandbox_today(start + n * 24 * HOUR_NS)
        assert date(2026, 1, 1) + timedelta(days=n - 5) <= today


def test_sandboxes_of_one_stack_share_a_given_time() -> None:
    wall = ShiftedClock(0, lambda: ns("2026-11-21 12:00"))
    assert SandboxClock(wall, -HOUR_NS).now_ns() == ns("2026-11-21 11:00")
    assert sandbox_arguments("", ["--offset-ns", "-5"]).offset_ns == -5
    assert sandbox_arguments("", []).offset_ns is None
