"""Check when feeds try again: alone within a second, together never in step."""

import heapq
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.reconnects import (
    LONE_SPREAD_S,
    MASS_FEEDS,
    MASS_SPREAD_S,
    ReconnectPlanner,
)
from core.clock import NANOSECONDS_PER_SECOND
from integrations.backoff import CAP_S

SECOND_NS = NANOSECONDS_PER_SECOND
START_NS = 1_790_000_000 * SECOND_NS


def first_tries(drops_ns: dict[str, int], seed: int) -> dict[str, int]:
    """Let feeds drop at given times and return when each tries again, by a simulated clock."""
    planner = ReconnectPlanner(Random(seed))
    due = [(dropped_ns, venue, True) for venue, dropped_ns in drops_ns.items()]
    heapq.heapify(due)
    tries: dict[str, int] = {}
    while due:
        now_ns, venue, is_question = heapq.heappop(due)
        if is_question:
            hold_s = planner.ask(venue, 0, now_ns)
            heapq.heappush(due, (now_ns + int(hold_s * SECOND_NS), venue, False))
        else:
            delay_s = planner.answer(venue, 0, drops_ns[venue], now_ns)
            tries[venue] = now_ns + int(delay_s * SECOND_NS)
    return tries


def most_within_a_second(times_ns: list[int]) -> int:
    times_ns = sorted(times_ns)
    return max(
        sum(first_ns <= other_ns < first_ns + SECOND_NS for other_ns in times_ns)
        for first_ns in times_ns
    )


def named(offsets_ms: list[int]) -> dict[str, int]:
    return {f"v{n}": START_NS + offset * 1_000_000 for n, offset in enumerate(offsets_ms)}


@given(st.lists(st.integers(0, 60_000), min_size=1, max_size=4), st.integers(0, 2**32))
def test_few_feeds_try_again_within_a_second(offsets_ms: list[int], seed: int) -> None:
    drops = named(offsets_ms)
    tries = first_tries(drops, seed)
    assert all(0 < tries[venue] - drops[venue] <= 0.9 * SECOND_NS for venue in drops)


@given(st.lists(st.integers(0, 990), min_size=100, max_size=100), st.integers(0, 2**32))
@settings(max_examples=60)
def test_of_a_hundred_at_once_at_most_a_fifth_returns_in_any_second(
    offsets_ms: list[int], seed: int
) -> None:
    drops = named(offsets_ms)
    tries = first_tries(drops, seed)
    assert most_within_a_second(list(tries.values())) <= 20
    assert max(tries.values()) - START_NS <= (MASS_SPREAD_S + 2) * SECOND_NS
    assert max(tries.values()) - min(tries.values()) >= 0.8 * MASS_SPREAD_S * SECOND_NS


@pytest.mark.parametrize("seed", range(20))
def test_a_hundred_dropped_in_the_same_instant(seed: int) -> None:
    tries = first_tries(named([0] * 100), seed)
    assert most_within_a_second(list(tries.values())) <= 12


@given(st.integers(MASS_FEEDS, 400), st.integers(0, 2**32))
@settings(max_examples=60)
def test_any_number_of_feeds_is_spread(feeds: int, seed: int) -> None:
    tries = first_tries(named([0] * feeds), seed)
    assert len(tries) == feeds
    assert most_within_a_second(list(tries.values())) <= max(2, 0.2 * feeds)


def test_every_seed_gives_other_moments() -> None:
    drops = named([0] * 10)
    assert len({tuple(first_tries(drops, seed).values()) for seed in range(20)}) == 20


def test_five_within_a_second_are_many_but_not_within_longer() -> None:
    at_once = first_tries(named([0, 100, 200, 300, 390]), 1)
    assert max(at_once.values()) > START_NS + 2 * SECOND_NS
    slowly = first_tries(named([0, 260, 520, 780, 1040]), 1)
    assert max(slowly.values()) <= START_NS + 1.04 * SECOND_NS + 0.9 * SECOND_NS


def test_one_feed_that_drops_again_and_again_is_not_many() -> None:
    planner = ReconnectPlanner(Random(1))
    for n in range(10):
        now_ns = START_NS + n * SECOND_NS // 20
        assert planner.ask("cme", 0, now_ns) > 0
        assert planner.answer("cme", 0, now_ns, now_ns) <= LONE_SPREAD_S
    (state,) = planner.states()
    assert (state.venue, state.drops, state.mass_drops) == ("cme", 10, 0)


@given(st.integers(1, 10_000), st.integers(0, 2**32))
def test_later_attempts_back_off_up_to_the_cap(attempt: int, seed: int) -> None:
    planner = ReconnectPlanner(Random(seed))
    assert planner.ask("cme", attempt, START_NS) == 0.0
    delay_s = planner.answer("cme", attempt, START_NS, START_NS)
    assert 0.0 <= delay_s <= min(CAP_S, 0.5 * 2.0 ** min(attempt, 64))


@pytest.mark.parametrize("seed", range(10))
def test_a_venue_that_stays_away_is_not_stormed(seed: int) -> None:
    """A hundred feeds fail for five minutes; then all are back within the cap."""
    planner = ReconnectPlanner(Random(seed))
    drops = named([0] * 100)
    tries = [(due_ns, venue, 1) for venue, due_ns in first_tries(drops, seed).items()]
    heapq.heapify(tries)
    outage_ends_ns = START_NS + 300 * SECOND_NS
    back: dict[str, int] = {}
    per_second: Counter[int] = Counter()
    while tries:
        now_ns, venue, attempt = heapq.heappop(tries)
        per_second[(now_ns - START_NS) // SECOND_NS] += 1
        if now_ns >= outage_ends_ns:
            back[venue] = now_ns
            continue
        planner.ask(venue, attempt, now_ns)
        delay_s = planner.answer(venue, attempt, now_ns, now_ns)
        heapq.heappush(tries, (now_ns + int(delay_s * SECOND_NS), venue, attempt + 1))
    assert len(back) == 100
    assert max(back.values()) <= outage_ends_ns + 60 * SECOND_NS
    assert most_within_a_second(list(back.values())) <= 20
    assert max(count for second, count in per_second.items() if second > 60) <= 20


def test_states_tell_when_each_feed_is_due() -> None:
    planner = ReconnectPlanner(Random(1))
    planner.ask("ice", 0, START_NS)
    planner.ask("cme", 3, START_NS)
    delay_s = planner.answer("cme", 3, START_NS, START_NS)
    cme, ice = planner.states()
    assert (ice.venue, ice.attempt, ice.drops, ice.due_ns) == ("ice", 0, 1, None)
    assert (cme.venue, cme.attempt, cme.drops) == ("cme", 3, 0)
    assert cme.due_ns == START_NS + int(delay_s * SECOND_NS)


def test_a_clock_that_is_put_back_keeps_nobody_waiting() -> None:
    planner = ReconnectPlanner(Random(1))
    for now_ns in (7_200 * NANOSECONDS_PER_SECOND, 3_600 * NANOSECONDS_PER_SECOND):
        venues = [f"feed{number}" for number in range(MASS_FEEDS)]
        for venue in venues:
            planner.ask(venue, 0, now_ns)
        waits = [planner.answer(venue, 0, now_ns, now_ns) for venue in venues]
        assert max(waits) <= MASS_SPREAD_S
