"""Check that no minute, whatever its beginning, holds more submissions than agreed."""

from hypothesis import given
from hypothesis import strategies as st

from actors.qpu.pacing import MINUTE_NS, Pace, paced, sent, wait_ns

SECOND_NS = MINUTE_NS // 60


@given(
    per_minute=st.integers(1, 6),
    pauses_ns=st.lists(st.integers(-5 * SECOND_NS, 90 * SECOND_NS), max_size=40),
    restarts=st.sets(st.integers(0, 39)),
)
def test_no_minute_holds_more_than_agreed_over_restarts_and_clocks_that_step_back(
    per_minute: int, pauses_ns: list[int], restarts: set[int]
) -> None:
    now_ns, times_ns = MINUTE_NS * 1000, list[int]()
    pace = Pace(per_minute=per_minute)
    for number, pause_ns in enumerate(pauses_ns):
        if number in restarts:
            pace = paced(per_minute, reversed(times_ns))
        now_ns += pause_ns
        now_ns += wait_ns(pace, now_ns)
        assert wait_ns(pace, now_ns) == 0
        pace = sent(pace, now_ns)
        times_ns.append(pace.sent_ns[-1])
    for first_ns, later_ns in zip(times_ns, times_ns[per_minute:], strict=False):
        assert later_ns - first_ns >= MINUTE_NS


def test_the_first_ones_go_at_once() -> None:
    pace = Pace(per_minute=3)
    for _ in range(3):
        assert wait_ns(pace, 5) == 0
        pace = sent(pace, 5)
    assert wait_ns(pace, 5) == MINUTE_NS
    assert wait_ns(pace, MINUTE_NS + 5) == 0
