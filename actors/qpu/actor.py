"""Own the QPU: the connection to IBM Quantum, the pace of submissions, and the open jobs."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

from actors.loops import end_loops, start_loops
from actors.qpu import pacing
from actors.qpu.account import CANCELLED, QpuAccount, chunk_failed
from actors.qpu.requests import QpuDevice, QpuOutcome, QpuRequest
from actors.qpu.rounds import QpuRounds
from actors.qpu.sending import JobSender
from actors.qpu.store import QpuStore, key_of
from actors.qpu.vendor import VendorThread
from core.backends import Backend, Family
from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.errors import BackendUnavailable, NotFound, SourceUnavailable
from core.logs import get_logger
from integrations.ibm.client import IbmClient
from integrations.ibm.config import IbmConfig
from storage.pool import DatabaseUrls, open_pools
from storage.qpu import Intent, IntentKey, IntentState

if TYPE_CHECKING:
    from integrations.ibm.jobs import Device, JobEnd

log = get_logger(__name__)

_CHECK_HOLDS_NS = 5 * NANOSECONDS_PER_SECOND
_RETRY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QpuConfig:
    """Describe the account whose devices are used; `source` is `ibm` or `sandbox`.

    `owner` is a tag that the stack's jobs carry beside their own, so that stacks that share an
    account leave each other's alone. A job that was sent may be listed as late as `appears_s`
    after. Whoever asks for an answer is told within `told_within_s` that there is none yet.
    """

    client: IbmConfig
    source: str
    owner: str
    database: DatabaseUrls
    submissions_per_minute: int = 5
    poll_s: float = 2.0
    appears_s: float = 120.0
    told_within_s: float = 300.0


class QpuActor:
    """Carry requests out on quantum hardware, each in exactly one job.

    Owns: the connection, its pace, and every job that has not ended. All of it is found again
    after a restart: an intent is written before its job is sent, and the job carries its tag. A
    caller may repeat any call: a job that was sent is waited for, and sent again only if none with
    its tag has appeared in time.
    The vendor's package is imported by the first call that needs it.
    """

    async def __init__(self, config: QpuConfig, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._clock = clock
        self._pools = await open_pools(config.database)
        self._store = QpuStore(pools=self._pools, clock=clock)
        self._vendor = VendorThread(lambda: IbmClient(config.client), Family.IBM.value)
        self._account = QpuAccount(
            vendor=self._vendor,
            store=self._store,
            config=config.client,
            owner=config.owner,
            source=config.source,
        )
        self._sender = JobSender(self._account, await self._reloaded_pace())
        self._appears = timedelta(seconds=config.appears_s)
        self._rounds = QpuRounds(
            self._account, self._sender, poll_s=config.poll_s, appears=self._appears
        )
        self._answers: dict[IntentKey, asyncio.Task[QpuOutcome]] = {}
        self._checked: dict[str, tuple[int, Device]] = {}
        self._loops = start_loops(self._rounds.run(), self._watch_threads())

    async def _reloaded_pace(self) -> pacing.Pace:
        """Wait for the database: without it nothing is known of what was sent before."""
        while True:
            try:
                sent_ns = await self._store.sent_ns()
            except SourceUnavailable as error:
                log.warning("qpu.waits", reason=error.detail)
                await asyncio.sleep(_RETRY_S)
            else:
                return pacing.paced(self._config.submissions_per_minute, sent_ns)

    async def close(self) -> None:
        """End the loops and the connections; the vendor's jobs go on."""
        await end_loops([*self._loops, *self._answers.values()])
        await self._pools.close()

    async def devices(self) -> list[QpuDevice]:
        """List the devices of the account.

        Raises:
            BackendUnavailable: the vendor does not answer.
        """
        return await self._account.devices()

    async def check(self, device: str) -> None:
        """Check that a device takes jobs now; an answer holds for a few seconds.

        Raises:
            BackendUnavailable: it does not, or the vendor does not answer.
            InvalidInput: the account has no such device; names those that it has.
        """
        now_ns = self._clock.now_ns()
        checked_ns, found = self._checked.get(device, (0, None))
        if found is None or now_ns - checked_ns > _CHECK_HOLDS_NS:
            found = await self._account.ask(lambda client: client.device(device))
            self._checked[device] = now_ns, found
        if not found.is_available:
            raise BackendUnavailable(backend=_name(device), reason=found.reason)

    async def execute(self, request: QpuRequest) -> QpuOutcome:
        """Return what the device answered; ask again as long as it has not.

        Raises:
            BudgetExhausted: the month has fewer seconds left than the job may use; nothing is sent.
            BackendUnavailable: the job could not be sent, or its result not fetched, now; or it
                was sent, and may be listed yet; or it has not ended.
            ChunkFailed: the job failed, was refused or cancelled, and is not sent again.
            InvalidInput: the account has no such device.
            SourceUnavailable: the database is away.
        """
        key = key_of(request)
        answer = self._answers.get(key)
        if answer is None:
            answer = asyncio.create_task(self._carry_out(request))
            self._answers[key] = answer
            answer.add_done_callback(lambda task: self._forget(key, task))
        # Whoever asked may go away, and come back for it; each call holds one of those that this
        # actor takes at a time, also if nobody hears its answer any more.
        await asyncio.wait({answer}, timeout=self._config.told_within_s)
        if not answer.done():
            reason = "its job has not ended yet"
            raise BackendUnavailable(backend=_name(request.device), reason=reason)
        return answer.result()

    def _forget(self, key: IntentKey, answer: asyncio.Task[QpuOutcome]) -> None:
        del self._answers[key]
        self._rounds.nudge()  # it may have left an intent that nobody asks for again
        if not answer.cancelled():
            answer.exception()  # it may be that nobody is left to hear of it

    async def cancel(self, org_id: UUID, run_id: UUID) -> None:
        """Want the jobs of a run no more; those that were sent are cancelled in the next round.

        Raises:
            SourceUnavailable: the database is away.
        """
        await self._store.request_cancel(org_id, run_id)
        self._rounds.nudge()

    async def _carry_out(self, request: QpuRequest) -> QpuOutcome:
        intent = await self._store.open(request)
        if intent.is_open and intent.job_id is None:
            intent = await self._sent(request, intent)
        if intent.job_id is None or intent.state in {IntentState.FAILED, IntentState.CANCELLED}:
            raise chunk_failed(intent, intent.reason or CANCELLED)
        return await self._collected(request, intent)

    async def _sent(self, request: QpuRequest, intent: Intent) -> Intent:
        if intent.attempted_at is not None:
            intent = await self._account.match(intent)
            if intent.job_id is not None:
                return intent
            if self._sender.may_still_appear(intent, self._appears):
                reason = "it is not known yet whether it took the job"
                raise BackendUnavailable(backend=_name(intent.device), reason=reason)
        return await self._sender.send(request, intent)

    async def _collected(self, request: QpuRequest, intent: Intent) -> QpuOutcome:
        """Wait until the job of an intent has ended, and fetch its result."""
        assert intent.job_id is not None  # noqa: S101 - only what was sent is waited for
        while (end := await self._known_end(intent)) is None:
            await self._rounds.ended(intent.job_id)
            intent = await self._store.read(intent.key) or intent
            if intent.state in {IntentState.FAILED, IntentState.CANCELLED}:
                raise chunk_failed(intent, intent.reason or CANCELLED)
        return await self._account.collect(request, intent, end)

    async def _known_end(self, intent: Intent) -> "JobEnd | None":
        try:
            return await self._account.end(intent.job_id or "")
        except NotFound as error:
            if intent.is_open:
                return None  # the rounds find out whether it is lost
            raise chunk_failed(intent, error.detail) from error

    async def _watch_threads(self) -> NoReturn:
        """Fail, which ends the process, once too many calls never came back."""
        await self._vendor.is_worn_out.wait()
        message = f"{self._vendor.left_behind} calls of the vendor's package never came back"
        raise RuntimeError(message)


def _name(device: str) -> str:
    return str(Backend(family=Family.IBM, device=device))
