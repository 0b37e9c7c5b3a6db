"""Own the waiting for leave to call: the pace of each plan, and the store that remembers it."""

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from core.clock import NANOSECONDS_PER_SECOND, Clock, utc_from_ns
from core.errors import SourceUnavailable
from integrations.openweather.codec import VENUE
from integrations.openweather.pacing import (
    Pace,
    Plan,
    Quota,
    Reserve,
    Send,
    answered,
    may_repeat,
    next_step,
    refused,
    reserved,
    started,
)

_EPOCH = date(1970, 1, 1)
_LONGEST_WAIT_NS = 61 * NANOSECONDS_PER_SECOND


class CallStore(Protocol):
    """Remember how many calls of a plan were set aside on a day."""

    async def reserve(self, plan: Plan, day: date, calls: int, per_day: int) -> tuple[int, int]:
        """Count up to `calls` more; return what the day holds now, and how many were granted.

        Raises:
            SourceUnavailable: the store cannot answer now.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaStatus:
    """Tell how much of a day's quota of one plan is used."""

    plan: Plan
    calls_today: int
    per_day: int


class QuotaKeeper:
    """Give leave to call, one call at a time, never more than the quotas allow."""

    def __init__(
        self, quotas: dict[Plan, Quota], planned: dict[Plan, float], store: CallStore, clock: Clock
    ) -> None:
        self._quotas = quotas
        self._planned = planned
        self._store = store
        self._clock = clock
        self._paces = {plan: started(clock.now_ns(), quota) for plan, quota in quotas.items()}
        self._asking = asyncio.Lock()

    async def leave(self, plan: Plan) -> None:
        """Wait until one call may be sent, and count it.

        Raises:
            SourceUnavailable: that would be later than within a minute, or the store is away.
        """
        async with self._asking:
            while True:
                now_ns = self._clock.now_ns()
                step = next_step(self._paces[plan], self._quotas[plan], now_ns)
                self._paces[plan] = step.pace
                if isinstance(step, Send):
                    return
                if isinstance(step, Reserve):
                    await self._reserve(plan, step)
                elif step.until_ns - now_ns > _LONGEST_WAIT_NS:
                    until = utc_from_ns(step.until_ns)
                    reason = f"the quota of {plan} is used up until {until:%Y-%m-%d %H:%M} UTC"
                    raise SourceUnavailable(source=VENUE, reason=reason)
                else:
                    await asyncio.sleep((step.until_ns - now_ns) / NANOSECONDS_PER_SECOND)

    async def _reserve(self, plan: Plan, step: Reserve) -> None:
        day = _EPOCH + timedelta(days=step.day)
        per_day = self._quotas[plan].per_day
        counted, granted = await self._store.reserve(plan, day, step.calls, per_day)
        self._paces[plan] = reserved(self._paces[plan], step.day, counted, granted)

    def refused(self, plan: Plan) -> None:
        """Take note that the vendor says the quota is used up."""
        self._paces[plan] = refused(self._paces[plan], self._clock.now_ns())

    def answered(self, plan: Plan) -> None:
        """Take note that the vendor answered otherwise."""
        self._paces[plan] = answered(self._paces[plan])

    def may_repeat(self, plan: Plan) -> bool:
        """Tell whether a failed call may be repeated at once."""
        now_ns = self._clock.now_ns()
        return may_repeat(self._paces[plan], self._quotas[plan], self._planned[plan], now_ns)

    def status(self) -> tuple[QuotaStatus, ...]:
        """Tell how much of each day's quota is used."""
        return tuple(
            QuotaStatus(plan=plan, calls_today=self._sent(plan), per_day=quota.per_day)
            for plan, quota in self._quotas.items()
        )

    def _sent(self, plan: Plan) -> int:
        pace: Pace = self._paces[plan]
        return pace.sent
