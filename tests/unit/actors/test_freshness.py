"""Check that a silent instrument is flagged in time, and never because its market is closed."""

from datetime import date, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.freshness import DEFAULT_LIMITS, FreshnessTracker
from core.clock import NANOSECONDS_PER_SECOND, ns_from_utc
from core.errors import UnknownProduct
from core.market import ContractMonth, Instrument, Staleness
from core.products import PRODUCTS
from quant.calendars import (
    LONDON,
    NEW_YORK,
    front_month,
    is_session_open,
    listed_contracts,
    open_session,
)

CHECK_NS = NANOSECONDS_PER_SECOND // 4
POSITIONS = (1, 3, 4, 12, 13, 20)


def second(n: float) -> int:
    return int(n * NANOSECONDS_PER_SECOND)


def new_york(text: str) -> int:
    return ns_from_utc(datetime.fromisoformat(text).replace(tzinfo=NEW_YORK))


def make_tracker() -> FreshnessTracker:
    return FreshnessTracker(DEFAULT_LIMITS, "cme", "sandbox")


def some_contracts(code: str, on: date) -> list[Instrument]:
    listed = listed_contracts(code, on, max(POSITIONS))
    return [listed[position - 1] for position in POSITIONS]


def test_a_clock_that_is_put_back_hides_no_silence() -> None:
    tracker = make_tracker()
    noon_ns = new_york("2026-11-20T12:00:00")
    [front] = listed_contracts("CL", date(2026, 11, 20), 1)
    tracker.observe(front, noon_ns)
    assert tracker.check(noon_ns) == []
    earlier_ns = noon_ns - second(3_600)
    assert tracker.check(earlier_ns) == []
    limit_ns = second(DEFAULT_LIMITS.limit_s(1))
    assert tracker.check(earlier_ns + limit_ns - 1) == []
    [change] = tracker.check(earlier_ns + limit_ns)
    assert (change.is_stale, change.silent_since_ns) == (True, earlier_ns)
    tracker.observe(front, earlier_ns + limit_ns + 1)
    [change] = tracker.check(earlier_ns + limit_ns + 1)
    assert not change.is_stale


def run_closed_days(first: date, last: date, step_s: int) -> tuple[int, list[Staleness]]:
    """Walk step by step; each instrument speaks thrice in its limit, but only while it trades.

    Returns how many seconds some market was open, and every change that was flagged.
    """
    tracker = make_tracker()
    contracts = {code: some_contracts(code, first) for code in PRODUCTS}
    now_ns = ns_from_utc(datetime.combine(first, datetime.min.time(), LONDON))
    end_ns = ns_from_utc(datetime.combine(last, datetime.min.time(), LONDON))
    for listed in contracts.values():
        tracker.expect(listed, now_ns)
    # At an expiry each moves one position nearer.
    paces = {p: DEFAULT_LIMITS.limit_s(p - 1) // 3 for p in POSITIONS}
    changes: list[Staleness] = []
    open_seconds = 0
    while now_ns < end_ns:
        clock = now_ns // NANOSECONDS_PER_SECOND
        is_any_open = False
        for code, listed in contracts.items():
            if is_session_open(code, now_ns):
                is_any_open = True
                for position, instrument in zip(POSITIONS, listed, strict=True):
                    if clock % paces[position] == 0:
                        tracker.observe(instrument, now_ns)
        open_seconds += step_s * is_any_open
        changes += tracker.check(now_ns)
        now_ns += second(step_s)
    return open_seconds, changes


@pytest.mark.parametrize(
    ("first", "last", "step_s"),
    [
        (date(2026, 11, 20), date(2026, 11, 24), 1),  # Friday to Monday
        (date(2026, 3, 6), date(2026, 3, 10), 5),  # New York's clocks go forward
        (date(2026, 10, 23), date(2026, 10, 27), 5),  # Europe's go back
        (date(2026, 4, 2), date(2026, 4, 8), 5),  # Easter
    ],
)
def test_closed_markets_make_nothing_stale(first: date, last: date, step_s: int) -> None:
    open_seconds, changes = run_closed_days(first, last, step_s)
    assert open_seconds > 24 * 3600
    assert changes == []


def test_each_frozen_symbol_is_flagged_in_time() -> None:
    random = Random(7)
    late_ns = []
    for trial in range(100):
        code = random.choice(list(PRODUCTS))
        tracker = make_tracker()
        start_ns = new_york("2026-11-18 09:00:00") + random.randrange(second(1))
        contracts = some_contracts(code, date(2026, 11, 18))
        frozen, position = contracts[trial % 6], POSITIONS[trial % 6]
        limit_s = DEFAULT_LIMITS.limit_s(position)
        frozen_ns = start_ns + second(20)
        flagged: list[Staleness] = []
        now_ns = last_ns = start_ns
        while now_ns < frozen_ns + second(limit_s + 2):
            for contract in contracts:
                if contract != frozen or now_ns < frozen_ns:
                    tracker.observe(contract, now_ns)
                    last_ns = now_ns if contract == frozen else last_ns
            flagged += tracker.check(now_ns)
            now_ns += CHECK_NS
        assert [change.instrument for change in flagged] == [frozen]
        assert flagged[0].is_stale
        assert flagged[0].silent_since_ns == last_ns
        assert flagged[0].limit_s == limit_s
        late_ns.append(flagged[0].received_ns - last_ns - second(limit_s))
    assert len(late_ns) == 100
    assert min(late_ns) >= 0
    assert max(late_ns) <= CHECK_NS


CL = Instrument("CL", ContractMonth(2027, 1))


def test_a_silent_symbol_is_flagged_once_and_again_when_it_speaks() -> None:
    tracker = make_tracker()
    start_ns = new_york("2026-11-18 09:00:00")
    tracker.observe(CL, start_ns)
    assert tracker.check(start_ns + second(14.9)) == []
    (fell,) = tracker.check(start_ns + second(15))
    assert (fell.is_stale, fell.silent_since_ns, fell.limit_s) == (True, start_ns, 15.0)
    assert (fell.venue, fell.source) == ("cme", "sandbox")
    assert tracker.check(start_ns + second(3600)) == []
    (status,) = tracker.statuses(start_ns + second(3600))
    assert status.is_stale
    tracker.observe(CL, start_ns + second(3601), start_ns + second(3600))
    (spoke,) = tracker.check(start_ns + second(3601))
    assert (spoke.is_stale, spoke.silent_since_ns) == (False, start_ns)
    (status,) = tracker.statuses(start_ns + second(3602), {CL})
    assert (status.is_stale, status.is_suspect, status.is_market_open) == (False, True, True)
    assert status.last_received_ns == start_ns + second(3601)
    assert status.last_event_ns == start_ns + second(3600)
    assert len(tracker.check(start_ns + second(3616))) == 1


def test_after_an_open_the_limit_counts_from_the_open() -> None:
    tracker = make_tracker()
    tracker.observe(CL, new_york("2026-11-20 16:59:55"))
    open_ns = new_york("2026-11-22 18:00:00")
    now_ns = new_york("2026-11-20 16:59:55")
    while now_ns < open_ns + second(15):
        assert tracker.check(now_ns) == []
        now_ns += second(1)
    (fell,) = tracker.check(open_ns + second(15))
    assert fell.silent_since_ns == open_ns
    assert not tracker.statuses(new_york("2026-11-21 12:00:00"))[0].is_market_open


def test_what_was_stale_at_the_close_is_so_until_it_speaks() -> None:
    tracker = make_tracker()
    tracker.observe(CL, new_york("2026-11-20 16:00:00"))
    assert len(tracker.check(new_york("2026-11-20 16:30:00"))) == 1
    assert tracker.check(new_york("2026-11-21 12:00:00")) == []
    assert tracker.check(new_york("2026-11-22 18:30:00")) == []
    tracker.observe(CL, new_york("2026-11-22 18:31:00"))
    (spoke,) = tracker.check(new_york("2026-11-22 18:31:00"))
    assert not spoke.is_stale


def test_an_expected_symbol_that_is_never_heard_is_flagged() -> None:
    tracker = make_tracker()
    start_ns = new_york("2026-11-18 09:00:00")
    tracker.observe(CL, start_ns)
    tracker.expect([CL, Instrument("CL", ContractMonth(2027, 2))], start_ns + second(5))
    fell = [tracker.check(start_ns + second(n)) for n in (15, 20)]
    assert [[c.instrument.contract_month.month for c in changes] for changes in fell] == [[1], [2]]
    assert [status.last_received_ns for status in tracker.statuses(start_ns)] == [start_ns, None]


def test_an_expiring_contract_ends_without_an_alarm() -> None:
    tracker = make_tracker()
    december = Instrument("CL", ContractMonth(2026, 12))
    assert front_month("CL", date(2026, 11, 20)) == december.contract_month
    tracker.observe(december, new_york("2026-11-20 14:29:59"))
    tracker.observe(CL, new_york("2026-11-20 14:29:59"))
    later = tracker.check(new_york("2026-11-20 14:30:20"))
    assert [change.instrument for change in later] == [CL]
    assert [status.instrument for status in tracker.statuses(0)] == [CL]


def test_limits_follow_the_curve_as_the_front_month_expires() -> None:
    tracker = make_tracker()
    fourth = Instrument("CL", ContractMonth(2027, 3))
    tracker.observe(fourth, new_york("2026-11-19 12:00:00"))
    assert tracker.statuses(0)[0].limit_s == 60.0
    tracker.check(new_york("2026-11-19 12:00:01"))
    tracker.observe(fourth, new_york("2026-11-23 12:00:00"))
    tracker.check(new_york("2026-11-23 12:00:01"))
    assert tracker.statuses(0)[0].limit_s == 15.0


@pytest.mark.parametrize(("day", "flagged"), [("2026-12-24", 0), ("2026-12-23", 1)])
def test_a_day_that_may_end_early_is_judged_until_noon(day: str, flagged: int) -> None:
    tracker = make_tracker()
    march = Instrument("CL", ContractMonth(2027, 3))
    tracker.observe(march, new_york(f"{day} 11:59:50"))
    assert len(tracker.check(new_york(f"{day} 16:00:00"))) == flagged
    tracker = make_tracker()
    tracker.observe(march, new_york(f"{day} 11:00:00"))
    assert len(tracker.check(new_york(f"{day} 11:59:00"))) == 1


def test_an_older_value_does_not_make_a_symbol_younger_or_older() -> None:
    tracker = make_tracker()
    start_ns = new_york("2026-11-18 09:00:00")
    tracker.observe(CL, start_ns + second(10), 2)
    tracker.observe(CL, start_ns, 1)
    (status,) = tracker.statuses(start_ns)
    assert (status.last_received_ns, status.last_event_ns) == (start_ns + second(10), 2)


def test_an_unknown_product_is_refused() -> None:
    with pytest.raises(UnknownProduct):
        make_tracker().observe(Instrument("XX", ContractMonth(2027, 1)), 0)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), min_size=1, max_size=60),
    st.sampled_from(["2026-11-16 09:00:00", "2026-11-16 16:58:00", "2026-11-13 16:59:00"]),
)
def test_it_agrees_with_counting_each_second(steps: list[tuple[int, int]], start: str) -> None:
    """A plain rule evaluated for every instrument at every check gives the same changes."""
    tracker = make_tracker()
    contracts = some_contracts("CL", date(2026, 11, 13))
    now_ns = new_york(start)
    heard = dict.fromkeys(contracts, now_ns)
    tracker.expect(contracts, now_ns)
    stale: set[Instrument] = set()
    for wait_s, spoke in steps:
        now_ns += second(wait_s)
        instrument = contracts[spoke]
        tracker.observe(instrument, now_ns)
        heard[instrument] = now_ns
        expected = {(instrument, False)} if instrument in stale else set()
        stale.discard(instrument)
        session = open_session("CL", now_ns)
        for position, contract in zip(POSITIONS, contracts, strict=True):
            if session is None or contract in stale:
                continue
            silent_ns = now_ns - max(heard[contract], session.opened_ns)
            if silent_ns >= second(DEFAULT_LIMITS.limit_s(position)):
                stale.add(contract)
                expected.add((contract, True))
        changes = tracker.check(now_ns)
        assert {(change.instrument, change.is_stale) for change in changes} == expected
        assert len(changes) == len(expected)


def test_every_limit_says_why_and_none_is_below_the_one_before() -> None:
    limits = [row.limit_s for row in DEFAULT_LIMITS.rows]
    assert limits == sorted(limits)
    assert all(row.reason for row in DEFAULT_LIMITS.rows)
    assert DEFAULT_LIMITS.rows[-1].last_position is None
    assert timedelta(seconds=limits[-1]) < timedelta(hours=1)


def test_market_hours_follow_the_clock_of_the_venue() -> None:
    saturday_ns, friday_ns = new_york("2026-11-21 12:00:00"), new_york("2026-11-20 12:00:00")
    [contract] = listed_contracts("CL", date(2026, 11, 20), 1)
    behind = FreshnessTracker(DEFAULT_LIMITS, "cme", "sandbox", friday_ns - saturday_ns)
    ours = make_tracker()
    for tracker in (behind, ours):
        tracker.expect([contract], saturday_ns)
    late_ns = saturday_ns + second(60)
    [change] = behind.check(late_ns)
    assert change.is_stale
    assert (change.silent_since_ns, change.received_ns) == (saturday_ns, late_ns)
    assert [status.is_market_open for status in behind.statuses(late_ns)] == [True]
    assert ours.check(late_ns) == []
    assert [status.is_market_open for status in ours.statuses(late_ns)] == [False]
