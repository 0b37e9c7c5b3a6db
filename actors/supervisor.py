"""Own the sight over all feeds: whether one lost its connection or many did at once."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from actors.reconnects import ReconnectPlanner, ReconnectState
from core.clock import Clock
from integrations.backoff import Uniform


class FeedSupervisor:
    """Tell feeds that lost their connection when to try again.

    Owns what it was asked and nothing that lasts: after a restart it begins anew, and a feed that
    cannot reach it backs off by itself. Callers may ask again.
    """

    def __init__(
        self,
        clock: Clock,
        rng: Uniform | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._planner = ReconnectPlanner(rng or random.SystemRandom())

    async def delay_s(self, venue: str, attempt: int) -> float:
        """Return how many seconds a feed is to wait from now; 0 is the first try after a drop.

        The answer to a first try comes a fraction of a second late, so that it may be seen
        whether other feeds dropped as well.
        """
        asked_ns = self._clock.now_ns()
        hold_s = self._planner.ask(venue, attempt, asked_ns)
        if hold_s:
            await self._sleep(hold_s)
        return self._planner.answer(venue, attempt, asked_ns, self._clock.now_ns())

    async def states(self) -> tuple[ReconnectState, ...]:
        """Tell which feeds have asked, and when each is to try again."""
        return self._planner.states()
