"""Own the rounds over all open jobs: what has ended, what nobody wants, what is accepted twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

from actors.qpu.account import QpuAccount
from actors.qpu.reconciling import Action, action_for, strays
from actors.qpu.sending import JobSender
from core.clock import NANOSECONDS_PER_SECOND
from core.errors import BackendUnavailable, NotFound, SourceUnavailable
from core.logs import get_logger
from integrations.ibm.client import Refused
from storage.qpu import Intent

log = get_logger(__name__)

_UNHURRIED_S = 30.0
_SWEEP_EVERY_NS = 30 * NANOSECONDS_PER_SECOND
_LONGEST_PAUSE_S = 60.0
_WATCHING_RESTS = 2
"""Rest so many times as long as watching took: the vendor's package does one thing at a time."""

_UNKNOWN_TIMES = 3
"""Believe a job to be lost after so many rounds in which the vendor did not know it.

None of them tells anything while the job is so new that the vendor may not know it yet.
"""


class QpuRounds:
    """Go over the intents that are not settled, again and again while there are any.

    The first round is the recovery after a start. One list of the vendor's tells which jobs have
    not ended, however many are open.
    """

    def __init__(
        self, account: QpuAccount, sender: JobSender, *, poll_s: float, appears: timedelta
    ) -> None:
        self._account = account
        self._sender = sender
        self._poll_s = poll_s
        self._appears = appears
        self._nudged = asyncio.Event()
        self._waiters: dict[str, asyncio.Event] = {}
        self._unknown: Counter[str] = Counter()
        self._next_sweep_ns = 0
        self._next_watch_ns = 0
        self._looked_at = 0

    def nudge(self) -> None:
        """Begin the next round now."""
        self._nudged.set()

    async def ended(self, job_id: str) -> None:
        """Wait until a job has ended, or its intent has."""
        waiter = self._waiters.setdefault(job_id, asyncio.Event())
        self.nudge()
        await waiter.wait()

    async def run(self) -> NoReturn:
        """Go round for ever."""
        failures = 0
        while True:
            self._nudged.clear()
            pause_s: float | None
            try:
                pause_s = await self.go_round()
                failures = 0
            except (SourceUnavailable, BackendUnavailable, Refused) as error:
                failures += 1
                pause_s = min(_LONGEST_PAUSE_S, self._poll_s * 2.0 ** min(failures, 10))
                log.warning("qpu.round.failed", reason=str(error), pause_s=pause_s)
                await asyncio.sleep(pause_s)
                continue
            await self._pause(pause_s)

    async def _pause(self, pause_s: float | None) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._nudged.wait()
        except TimeoutError:
            return

    async def go_round(self) -> float | None:
        """Do what each intent needs; return the pause until the next round, None if none needs it.

        Raises:
            SourceUnavailable: the database is away.
            BackendUnavailable: the vendor does not answer.
        """
        intents = await self._account.store.unsettled()
        actions = [
            (intent, action_for(intent, is_being_sent=intent.key == self._sender.key_being_sent))
            for intent in intents
        ]
        watched = []
        for intent, action in actions:
            if action is Action.WATCH:
                watched.append(intent)
            else:
                await self._act(intent, action)
        await self._watch(watched)
        for job_id in set(self._waiters) - {intent.job_id for intent in intents}:
            self._wake(job_id)  # its intent ended before it was waited for
        kinds = {action for _, action in actions}
        if kinds - {Action.NONE}:
            await self._sweep()
        if kinds & {Action.WATCH, Action.LOOK, Action.CANCEL}:
            return self._poll_s
        return _UNHURRIED_S if intents or self._sender.waiting else None

    async def _act(self, intent: Intent, action: Action) -> None:
        account = self._account
        if action is Action.DROP:
            await account.drop(intent)
        elif action is Action.LOOK:
            await account.match(intent)
        elif action is Action.SETTLE:
            await account.settle(intent)
        elif action is Action.CANCEL:
            appears = self._sender.may_still_appear(intent, self._appears)
            if await account.cancel(intent, may_appear=appears):
                self._wake(intent.job_id)

    async def _watch(self, watched: Sequence[Intent]) -> None:
        asked_for = [intent for intent in watched if intent.job_id in self._waiters]
        began_ns = self._account.store.clock.now_ns()
        if not asked_for or began_ns < self._next_watch_ns:
            return
        # Those that have ended would be a long list, of which the vendor's package copies the
        # description of a device for each.
        listed = {job.job_id for job in await self._account.unfinished()}
        for intent in asked_for:
            if intent.job_id not in listed:
                await self._look_at(intent)
        left = [intent for intent in asked_for if intent.job_id in listed]
        if left:  # a list may be late
            self._looked_at += 1
            await self._look_at(left[self._looked_at % len(left)])
        now_ns = self._account.store.clock.now_ns()
        self._next_watch_ns = now_ns + _WATCHING_RESTS * max(now_ns - began_ns, 0)

    async def _look_at(self, intent: Intent) -> None:
        """Ask for a job by its id: one that is not listed has ended, is too new, or is lost."""
        job_id = intent.job_id or ""
        try:
            end = await self._account.end(job_id)
        except NotFound:
            self._unknown[job_id] += 1
            is_new = self._sender.may_still_appear(intent, self._appears)
            if self._unknown[job_id] >= _UNKNOWN_TIMES and not is_new:
                await self._account.lose(intent)
                self._wake(job_id)
            return
        self._unknown.pop(job_id, None)
        if end is not None:
            self._wake(job_id)

    async def _sweep(self) -> None:
        """Cancel the jobs that run and do not count."""
        now_ns = self._account.store.clock.now_ns()
        if now_ns < self._next_sweep_ns:
            return
        self._next_sweep_ns = now_ns + _SWEEP_EVERY_NS
        listed = await self._account.unfinished()
        intents = await self._account.store.by_tags([tag for job in listed for tag in job.tags])
        for job in strays(listed, intents):
            log.warning("qpu.job.stray", job_id=job.job_id)
            await self._account.cancel_job(job.job_id)

    def _wake(self, job_id: str | None) -> None:
        waiter = self._waiters.pop(job_id or "", None)
        if waiter is not None:
            waiter.set()
