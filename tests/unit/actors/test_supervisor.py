"""Check the supervisor's answers under a simulated clock, with feeds that ask at once."""

import asyncio
import heapq
from itertools import count
from random import Random

from actors.supervisor import FeedSupervisor
from core.clock import NANOSECONDS_PER_SECOND


class SimulatedTime:
    """Be clock and sleep: time moves to the next sleeper once nobody else has work."""

    def __init__(self) -> None:
        self.time_ns = 1_790_000_000 * NANOSECONDS_PER_SECOND
        self._numbers = count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_ns(self) -> int:
        return self.time_ns

    async def sleep(self, duration_s: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due_ns = self.time_ns + int(duration_s * NANOSECONDS_PER_SECOND)
        heapq.heappush(self._sleepers, (due_ns, next(self._numbers), woken))
        await woken

    async def run_until(self, work: "asyncio.Future[list[float]]") -> list[float]:
        while not work.done():
            for _ in range(5):
                await asyncio.sleep(0)
            if self._sleepers and not work.done():
                self.time_ns, _, woken = heapq.heappop(self._sleepers)
                woken.set_result(None)
        return work.result()


async def tries_s(feeds: int, seed: int = 1) -> list[float]:
    """Let feeds ask in the same instant; return after how many seconds each tries again."""
    time = SimulatedTime()
    began_ns = time.now_ns()
    supervisor = FeedSupervisor(time, Random(seed), time.sleep)

    async def one(venue: str) -> float:
        delay_s = await supervisor.delay_s(venue, 0)
        return (time.now_ns() - began_ns) / NANOSECONDS_PER_SECOND + delay_s

    found = await time.run_until(asyncio.gather(*(one(f"v{n}") for n in range(feeds))))
    assert [state.venue for state in await supervisor.states()] == sorted(
        f"v{n}" for n in range(feeds)
    )
    return found


async def test_a_lone_feed_tries_again_within_a_second() -> None:
    for seed in range(50):
        (after_s,) = await tries_s(1, seed)
        assert 0 < after_s < 0.9


async def test_many_at_once_are_spread_over_fifteen_seconds() -> None:
    found = sorted(await tries_s(100))
    assert 12 < found[-1] <= 16
    assert max(sum(first <= other < first + 1 for other in found) for first in found) <= 20
    assert sum(after_s < 1 for after_s in found) <= 20


async def test_later_attempts_are_answered_at_once() -> None:
    time = SimulatedTime()
    supervisor = FeedSupervisor(time, Random(1), time.sleep)
    assert 0 <= await supervisor.delay_s("cme", 2) <= 2.0
    (state,) = await supervisor.states()
    assert state.attempt == 2


async def test_a_feed_that_stops_waiting_leaves_the_others_be() -> None:
    time = SimulatedTime()
    supervisor = FeedSupervisor(time, Random(1), time.sleep)
    waiting = asyncio.create_task(supervisor.delay_s("cme", 0))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await supervisor.delay_s("ice", 1) <= 1.0
    assert len(await supervisor.states()) == 2
