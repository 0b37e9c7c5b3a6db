"""Check that the pace keeps every quota whatever happens, and still sends what was planned."""

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.weather import POLLED_STATIONS
from integrations.openweather.pacing import (
    DAY_NS,
    FREE_QUOTA,
    MINUTE_NS,
    ONE_CALL_QUOTA,
    Pace,
    Quota,
    Reserve,
    Send,
    Wait,
    answered,
    day_of,
    interval_s,
    may_repeat,
    next_step,
    refused,
    reserved,
    started,
)

SECOND_NS = 1_000_000_000
NOON_NS = 20_000 * DAY_NS + DAY_NS // 2
QUOTA = Quota(per_minute=6, per_day=40, block=7)


@dataclass
class World:
    """Keep a clock, the store's counts, one process after another, and every call sent."""

    quota: Quota
    now_ns: int = NOON_NS
    store: Counter[int] = field(default_factory=Counter)
    sent_ns: list[int] = field(default_factory=list)
    is_store_away: bool = False
    is_answer_lost: bool = False
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = started(self.now_ns, self.quota)

    def restart(self) -> None:
        self.pace = started(self.now_ns, self.quota)

    def advance(self, by_ns: int) -> None:
        self.now_ns += by_ns

    def call(self) -> bool:
        """Do what leads to a call, at most until it has to wait."""
        while True:
            step = next_step(self.pace, self.quota, self.now_ns)
            self.pace = step.pace
            if isinstance(step, Send):
                self.sent_ns.append(self.now_ns)
                return True
            if isinstance(step, Wait):
                assert step.until_ns > self.now_ns
                return False
            if not self.reserve(step):
                return False

    def reserve(self, step: Reserve) -> bool:
        assert 0 < step.calls <= self.quota.block
        if self.is_store_away:
            return False
        granted = min(step.calls, self.quota.per_day - self.store[step.day])
        self.store[step.day] += granted
        if self.is_answer_lost:
            return False
        self.pace = reserved(self.pace, step.day, self.store[step.day], granted)
        return True

    def do(self, action: str, value: int) -> None:
        match action:
            case "advance":
                self.advance(value)
            case "call":
                self.call()
            case "calls":
                for _ in range(20):
                    self.call()
                    self.advance(SECOND_NS)
            case "restart":
                self.restart()
            case "refused":
                self.pace = refused(self.pace, self.now_ns)
            case "answered":
                self.pace = answered(self.pace)
            case "store_away":
                self.is_store_away = bool(value)
            case "answer_lost":
                self.is_answer_lost = bool(value)

    def check(self) -> None:
        by_day = Counter(map(day_of, self.sent_ns))
        assert all(calls <= self.quota.per_day for calls in by_day.values())
        assert all(calls <= self.store[day] for day, calls in by_day.items())
        for first, last in zip(self.sent_ns, self.sent_ns[self.quota.per_minute :], strict=False):
            assert last - first >= MINUTE_NS


ACTIONS = st.one_of(
    st.tuples(st.just("advance"), st.integers(0, 3 * MINUTE_NS)),
    st.tuples(st.just("advance"), st.integers(0, DAY_NS)),
    st.tuples(st.sampled_from(["call", "calls", "restart", "refused", "answered"]), st.just(0)),
    st.tuples(st.sampled_from(["store_away", "answer_lost"]), st.integers(0, 1)),
)


@given(st.lists(ACTIONS, max_size=120), st.integers(1, 90), st.integers(1, 60), st.integers(1, 9))
def test_no_quota_is_ever_exceeded(
    actions: list[tuple[str, int]], per_minute: int, per_day: int, block: int
) -> None:
    world = World(Quota(per_minute=per_minute, per_day=per_day, block=block))
    for action, value in actions:
        world.do(action, value)
    world.check()


def test_calls_are_evenly_spaced_and_a_start_waits_as_after_a_call() -> None:
    world = World(QUOTA)
    assert not world.call()
    world.advance(10 * SECOND_NS)
    assert world.call()
    assert not world.call()
    world.restart()
    world.advance(10 * SECOND_NS - 1)
    assert not world.call()
    world.advance(1)
    assert world.call()


def test_a_used_up_day_waits_for_the_next() -> None:
    world = World(QUOTA)
    for _ in range(60):
        world.advance(MINUTE_NS)
        world.call()
    assert len(world.sent_ns) == QUOTA.per_day
    step = next_step(world.pace, QUOTA, world.now_ns)
    assert isinstance(step, Wait)
    assert step.until_ns == (day_of(NOON_NS) + 1) * DAY_NS
    world.now_ns = step.until_ns
    assert world.call()
    world.check()


def test_a_restart_remembers_the_day_and_loses_at_most_a_block() -> None:
    world = World(QUOTA)
    for _ in range(60):
        world.advance(MINUTE_NS)
        world.restart()
        world.advance(MINUTE_NS)
        world.call()
    assert len(world.sent_ns) == -(-QUOTA.per_day // QUOTA.block)
    world.check()


def test_a_store_that_is_away_lets_the_block_be_used_and_no_more() -> None:
    world = World(QUOTA)
    world.advance(MINUTE_NS)
    assert world.call()
    world.is_store_away = True
    for _ in range(20):
        world.advance(MINUTE_NS)
        world.call()
    assert len(world.sent_ns) == QUOTA.block
    world.is_store_away = False
    assert world.call()


def test_refusals_wait_for_the_minute_then_for_the_day() -> None:
    now_ns = NOON_NS + 20 * SECOND_NS
    pace = started(now_ns, QUOTA)
    pace = refused(pace, now_ns)
    assert pace.not_before_ns == NOON_NS + MINUTE_NS
    pace = refused(pace, NOON_NS + MINUTE_NS)
    assert pace.not_before_ns == NOON_NS + 2 * MINUTE_NS
    assert refused(answered(pace), now_ns).not_before_ns == NOON_NS + 2 * MINUTE_NS
    pace = refused(pace, NOON_NS + 2 * MINUTE_NS)
    assert pace.not_before_ns == (day_of(NOON_NS) + 1) * DAY_NS
    step = next_step(pace, QUOTA, pace.not_before_ns)
    assert isinstance(step, Reserve)
    assert step.pace.refusals == 0


def test_five_stations_fit_the_free_quota_and_more_are_asked_less_often() -> None:
    asked = interval_s(len(POLLED_STATIONS), 600, ONE_CALL_QUOTA)
    assert asked == 600
    assert len(POLLED_STATIONS) * 86_400 / asked == 720
    for stations in (7, 12, 100):
        assert stations * 86_400 / interval_s(stations, 600, ONE_CALL_QUOTA) == pytest.approx(1000)


def test_the_free_plan_stays_within_its_month() -> None:
    assert FREE_QUOTA.per_day * 31 <= 1_000_000
    assert len(POLLED_STATIONS) * 2 * 144 <= FREE_QUOTA.per_day


@given(st.integers(0, DAY_NS - 1), st.integers(1, 3))
def test_repeats_never_starve_what_is_planned(offset_ns: int, repeats: int) -> None:
    """Let every call of a day fail: those planned are sent all the same."""
    quota = Quota(per_minute=60, per_day=100, block=5)
    planned_per_day = 72
    world = World(quota, now_ns=20_000 * DAY_NS + offset_ns % (DAY_NS // 72))
    planned = missed = 0
    while day_of(world.now_ns) == 20_000:
        if world.now_ns >= world.pace.not_before_ns:
            planned += 1
            missed += not world.call()
            for _ in range(repeats):
                if may_repeat(world.pace, quota, planned_per_day, world.now_ns):
                    world.advance(2 * SECOND_NS)
                    world.call()
        world.advance(DAY_NS // planned_per_day)
    assert planned >= planned_per_day - 6
    assert missed <= 1
    assert len(world.sent_ns) > planned
    world.check()
