"""Check who is next: limits, fair shares, priorities, deadlines, and that nobody starves."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runs.scheduling import Lane, Places, decide, lane_of
from core.plans import PLANS
from core.runs import QueuedRun, RunKind, RunStatus

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
ORGS = [UUID(int=number) for number in range(1, 5)]
PLAN_OF = dict(zip(ORGS, ["team", "team", "free", "enterprise"], strict=True))


def queued(number: int, org: UUID = ORGS[0], **changes: Any) -> QueuedRun:
    values: dict[str, Any] = {
        "org_id": org,
        "run_id": UUID(int=1000 + number),
        "kind": RunKind.CIRCUIT,
        "status": RunStatus.QUEUED,
        "backend": "aer",
        "priority": 0,
        "deadline": None,
        "cancel_requested": False,
        "plan": PLAN_OF[org],
        "created_at": NOW - timedelta(seconds=1000 - number),
    }
    return QueuedRun(**{**values, **changes})


def started(queue: list[QueuedRun], *carried: QueuedRun, local: int = 8) -> list[int]:
    decision = decide(
        queue, {run.run_id: run for run in carried}, {}, NOW, Places(local=local, remote=4)
    )
    return [run.run_id.int - 1000 for run in decision.start]


def test_the_oldest_of_the_highest_priority_is_first() -> None:
    queue = [queued(1), queued(2, priority=3), queued(3, priority=3), queued(4)]
    assert started(queue) == [2, 3, 1, 4]


def test_no_more_than_the_plan_allows() -> None:
    queue = [queued(number) for number in range(9)]
    assert started(queue) == [0, 1, 2, 3]
    assert started(queue[2:], queue[0], queue[1]) == [2, 3]
    assert started([queued(number, ORGS[2]) for number in range(3)]) == [0]


def test_runs_of_a_plan_that_there_is_not_any_more_wait_and_stop_nobody() -> None:
    stuck = queued(1, ORGS[1], plan="of yesterday", priority=9)
    assert started([stuck, queued(2)]) == [2]
    late = queued(3, ORGS[1], plan="of yesterday", deadline=NOW)
    assert decide([late], {}, {}, NOW, Places()).expire == (late,)


def test_places_are_shared_by_weight() -> None:
    small = [queued(number, ORGS[0]) for number in range(20)]
    large = [queued(number, ORGS[3]) for number in range(20, 60)]
    decision = decide([*small, *large], {}, {}, NOW, Places(local=10))
    shares = Counter(run.org_id for run in decision.start)
    # weights 4 and 16: two of ten places for the one, eight for the other
    assert shares == {ORGS[0]: 2, ORGS[3]: 8}


def test_one_that_submits_much_does_not_starve_another() -> None:
    flood = [queued(number, ORGS[0]) for number in range(100)]
    late = queued(500, ORGS[1])
    assert 500 in started([*flood, late], local=2)


def test_what_was_begun_before_a_restart_comes_first() -> None:
    begun = queued(9, status=RunStatus.RUNNING)
    assert started([queued(1, priority=5), begun], local=1) == [9]
    other = queued(8, ORGS[1], status=RunStatus.PLANNING)
    assert started([queued(1, ORGS[3]), other], local=1) == [8]


def test_remote_runs_take_no_local_place() -> None:
    remote = [queued(number, backend="ibm:boston") for number in range(3)]
    assert [lane_of(run) for run in remote] == [Lane.REMOTE] * 3
    assert started([*remote, queued(7)], local=1) == [7, 0, 1, 2]


def test_the_late_and_the_cancelled_are_named_and_not_started() -> None:
    late = queued(1, deadline=NOW)
    in_time = queued(2, deadline=NOW + timedelta(seconds=1))
    cancelled = queued(3, cancel_requested=True, deadline=NOW)
    decision = decide([late, in_time, cancelled], {}, {}, NOW, Places())
    assert (decision.expire, decision.cancel, decision.start) == ((late,), (cancelled,), (in_time,))


def test_a_held_run_waits_for_its_moment() -> None:
    run = queued(1)
    later = {run.run_id: NOW + timedelta(seconds=5)}
    assert decide([run], {}, later, NOW, Places()).start == ()
    then = NOW + timedelta(seconds=5)
    assert decide([run], {}, later, then, Places()).start == (run,)


@st.composite
def queues(draw: st.DrawFn) -> list[QueuedRun]:
    return [
        queued(
            number,
            draw(st.sampled_from(ORGS)),
            priority=draw(st.integers(-2, 2)),
            status=draw(st.sampled_from([RunStatus.QUEUED, RunStatus.RUNNING])),
            backend=draw(st.sampled_from(["aer", "ibm:boston"])),
        )
        for number in range(draw(st.integers(0, 40)))
    ]


@given(queues(), st.integers(0, 12), st.integers(0, 12))
def test_places_are_filled_and_limits_kept(
    queue: list[QueuedRun], local: int, under_way: int
) -> None:
    carried = {run.run_id: run for run in queue[:under_way]}
    places = Places(local=local, remote=3)
    decision = decide(queue, carried, {}, NOW, places)
    assert len({run.run_id for run in decision.start}) == len(decision.start)
    assert not {run.run_id for run in decision.start} & set(carried)
    for lane in Lane:
        begun = [run for run in carried.values() if lane_of(run) is lane]
        added = [run for run in decision.start if lane_of(run) is lane]
        left = [
            run
            for run in queue
            if lane_of(run) is lane and run.run_id not in carried and run not in decision.start
        ]
        under = Counter(run.org_id for run in [*begun, *added])
        assert len(added) <= max(0, places.of(lane) - len(begun))
        for org, count in Counter(run.org_id for run in added).items():
            assert under[org] <= PLANS[PLAN_OF[org]].max_running, count
        if len(begun) + len(added) < places.of(lane):
            # a place is left only where every waiting organisation is at its limit
            assert all(under[run.org_id] >= PLANS[run.plan].max_running for run in left)


@given(queues(), st.randoms(use_true_random=False))
def test_the_order_of_the_queue_says_nothing(queue: list[QueuedRun], random: Any) -> None:
    shuffled = list(queue)
    random.shuffle(shuffled)
    first, second = (decide(one, {}, {}, NOW, Places()) for one in (queue, shuffled))
    assert first.start == second.start


@pytest.mark.parametrize("lane", list(Lane))
def test_every_lane_has_places(lane: Lane) -> None:
    assert Places().of(lane) > 0
