"""Own which runs are carried out next: limits of plans, fair shares, priorities, deadlines.

Pure: the queue and what is under way in, decisions out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.backends import Family
from core.plans import PLANS
from core.runs import QueuedRun, RunStatus


class Lane(StrEnum):
    """Keep runs that wait for remote hardware from taking the places of those that compute."""

    LOCAL = "local"
    REMOTE = "remote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Bound how many runs are carried out at a time in each lane."""

    local: int = 8
    remote: int = 64

    def of(self, lane: Lane) -> int:
        """Return the places of a lane."""
        return self.local if lane is Lane.LOCAL else self.remote


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Hold which runs are to start, in order, which to cancel, and which came too late."""

    start: tuple[QueuedRun, ...] = ()
    cancel: tuple[QueuedRun, ...] = ()
    expire: tuple[QueuedRun, ...] = ()


def lane_of(run: QueuedRun) -> Lane:
    """Return the lane of a run, by the backend it asks for."""
    return Lane.REMOTE if run.backend.startswith(f"{Family.IBM}:") else Lane.LOCAL


def decide(
    queue: Iterable[QueuedRun],
    carried: Mapping[UUID, QueuedRun],
    held: Mapping[UUID, datetime],
    now: datetime,
    places: Places,
) -> Decision:
    """Decide about every unfinished run that is not `carried` out yet.

    A run is left alone until the moment that `held` names for it. The next place of a lane goes to
    the organisation with the least under way for its plan's weight, of equal ones to that which
    has waited longest; within an organisation to the highest priority, then to the oldest run.
    Runs that were begun before a restart come first of all. No organisation has more under way in
    a lane than its plan allows; where there is no such plan any more, its runs wait.
    """
    waiting = [run for run in queue if run.run_id not in carried]
    cancel = tuple(run for run in waiting if run.cancel_requested)
    alive = [run for run in waiting if not run.cancel_requested]
    expire = tuple(run for run in alive if run.deadline is not None and run.deadline <= now)
    late = {run.run_id for run in expire}
    ready = [run for run in alive if run.run_id not in late and held.get(run.run_id, now) <= now]
    start = [
        run
        for lane in Lane
        for run in _fill(
            [run for run in ready if lane_of(run) is lane],
            [run for run in carried.values() if lane_of(run) is lane],
            places.of(lane),
        )
    ]
    return Decision(start=tuple(start), cancel=cancel, expire=expire)


def _fill(ready: list[QueuedRun], carried: list[QueuedRun], places: int) -> list[QueuedRun]:
    under_way = Counter(run.org_id for run in carried)
    by_org: dict[UUID, list[QueuedRun]] = {}
    for run in sorted(ready, key=_rank):
        by_org.setdefault(run.org_id, []).append(run)
    started: list[QueuedRun] = []
    while len(carried) + len(started) < places:
        fits = [org for org, runs in by_org.items() if runs and under_way[org] < _limit(runs[0])]
        if not fits:
            break
        org = min(fits, key=lambda one: _claim(by_org[one], under_way[one]))
        started.append(by_org[org].pop(0))
        under_way[org] += 1
    return started


def _rank(run: QueuedRun) -> tuple[bool, int, datetime, UUID]:
    return run.status is RunStatus.QUEUED, -run.priority, run.created_at, run.run_id


def _claim(runs: list[QueuedRun], under_way: int) -> tuple[bool, float, datetime, UUID]:
    first = runs[0]
    share = under_way / PLANS[first.plan].weight
    oldest = min(run.created_at for run in runs)
    return first.status is RunStatus.QUEUED, share, oldest, first.run_id


def _limit(run: QueuedRun) -> int:
    plan = PLANS.get(run.plan)
    return 0 if plan is None else plan.max_running
