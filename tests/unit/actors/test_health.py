"""Check when a venue counts as degraded, and how its clock's skew is estimated."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from actors.health import BadFrameWindow, ClockSkew
from core.clock import NANOSECONDS_PER_SECOND

MINUTE_NS = 60 * NANOSECONDS_PER_SECOND


def at(second: float) -> int:
    return 1_790_000_000 * NANOSECONDS_PER_SECOND + int(second * NANOSECONDS_PER_SECOND)


def test_three_bad_frames_within_a_minute_degrade_for_a_minute() -> None:
    window = BadFrameWindow()
    window.observe("json", at(0))
    window.observe("json", at(30))
    assert not window.is_degraded(at(30))
    window.observe("field", at(59))
    assert window.is_degraded(at(59))
    assert window.is_degraded(at(118.9))
    assert not window.is_degraded(at(119))
    assert window.counts() == {"json": 2, "field": 1}


def test_a_bad_frame_each_half_minute_is_not_three_in_one() -> None:
    window = BadFrameWindow()
    for second in range(0, 3_600, 30):
        window.observe("json", at(second))
        assert not window.is_degraded(at(second))


def test_each_further_bad_frame_prolongs_it() -> None:
    window = BadFrameWindow()
    for second in (0, 1, 2, 50, 105):
        window.observe("json", at(second))
    assert window.is_degraded(at(164))
    assert not window.is_degraded(at(165))


@given(st.lists(st.integers(0, 70), max_size=40), st.integers(0, 120))
def test_it_agrees_with_looking_back_over_everything(waits_s: list[int], later_s: int) -> None:
    window = BadFrameWindow()
    times: list[int] = []
    second = 0
    for wait_s in waits_s:
        second += wait_s
        window.observe("json", at(second))
        times.append(at(second))
    now_ns = at(second + later_s)
    # Degraded: some frame was the third within a minute, and no minute since then was without.
    begins = [n for n in range(2, len(times)) if times[n] - times[n - 2] < MINUTE_NS]
    ends = [*times[1:], now_ns]
    is_degraded = any(
        all(ends[n] - times[n] < MINUTE_NS for n in range(begin, len(times))) for begin in begins
    )
    assert window.is_degraded(now_ns) == is_degraded
    assert sum(window.counts().values()) == len(times)


@given(st.lists(st.integers(-(10**12), 10**12), max_size=80), st.integers(1, 30))
def test_the_skew_is_the_median_of_the_last(delays_ns: list[int], samples: int) -> None:
    skew = ClockSkew(samples)
    for delay_ns in delays_ns:
        skew.observe(delay_ns)
    if not delays_ns:
        assert skew.median_ms() is None
    else:
        assert skew.median_ms() == statistics.median(delays_ns[-samples:]) / 1e6
