"""Own the sending of jobs: one at a time, paced, written down before, looked for after."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from actors.qpu import pacing
from actors.qpu.account import CANCELLED, QpuAccount, chunk_failed
from actors.qpu.pacing import Pace
from actors.qpu.reconciling import may_still_appear
from actors.qpu.requests import QpuRequest
from core.backends import Backend, Family
from core.clock import NANOSECONDS_PER_SECOND
from core.errors import BackendUnavailable, InvalidInput
from core.logs import get_logger
from integrations.ibm.client import Refused
from integrations.ibm.jobs import Prepared
from jobs.backends.snapshots import snapshot_of
from storage.qpu import Intent, IntentKey, IntentState

log = get_logger(__name__)


class JobSender:
    """Send the jobs of intents, in the order in which they were asked for.

    Jobs of one run that wait for each other go into one batch of the vendor's.
    """

    def __init__(self, account: QpuAccount, pace: Pace) -> None:
        self._account = account
        self._pace = pace
        self._sending = asyncio.Lock()
        self._waiting: Counter[tuple[UUID, str]] = Counter()
        self._batches: dict[tuple[UUID, str], str] = {}
        self.key_being_sent: IntentKey | None = None
        self._left_at: dict[IntentKey, datetime] = {}

    @property
    def waiting(self) -> int:
        """Count the jobs that wait to be sent."""
        return self._waiting.total()

    def may_still_appear(self, intent: Intent, within: timedelta) -> bool:
        """Tell whether the job of an intent, of which none is listed, may be so yet.

        What was sent when the vendor did not answer may arrive as late after the answer was given
        up: the call itself may have gone on for long.
        """
        left_at = self._left_at.get(intent.key)
        if left_at is not None and (intent.attempted_at is None or left_at > intent.attempted_at):
            intent = replace(intent, attempted_at=left_at)
        return may_still_appear(intent, self._account.store.now, within)

    async def send(self, request: QpuRequest, intent: Intent) -> Intent:
        """Send the job of an intent once the pace allows it; return the intent with its job.

        Raises:
            BackendUnavailable: it may have been accepted or not; ask again, and it is looked for.
            ChunkFailed: the vendor refuses it, or it is not wanted any more.
        """
        group = request.run_id, request.device
        self._waiting[group] += 1
        try:
            async with self._sending:
                await self._slot()
                self.key_being_sent = intent.key
                try:
                    return await self._send(request, intent)
                finally:
                    self.key_being_sent = None
        finally:
            self._waiting[group] -= 1
            if not self._waiting[group]:
                del self._waiting[group]
                await self._close_batch(group)

    async def _slot(self) -> None:
        clock = self._account.store.clock
        while (wait_ns := pacing.wait_ns(self._pace, clock.now_ns())) > 0:  # noqa: ASYNC110 - only time passes
            await asyncio.sleep(wait_ns / NANOSECONDS_PER_SECOND)

    async def _send(self, request: QpuRequest, intent: Intent) -> Intent:
        account, group = self._account, (request.run_id, request.device)
        await self._require_wanted(intent)
        prepared = await self._prepared(request, intent)
        batch = await self._batch(group)
        claimed = await self._claim(intent, prepared)
        self._pace = pacing.sent(self._pace, account.store.clock.now_ns())
        failure: Refused | BackendUnavailable
        try:
            job_id = await account.submit(claimed, prepared, batch)
        except (Refused, BackendUnavailable) as error:
            self._left_at[intent.key] = account.store.now
            # An earlier try of the package's own may have been accepted all the same.
            claimed = await account.match(claimed)
            if claimed.job_id is not None:
                self._left_at.pop(intent.key, None)
                return claimed
            failure = error
        else:
            self._left_at.pop(intent.key, None)
            return await self._recorded(claimed, job_id)
        if isinstance(failure, BackendUnavailable):
            raise failure
        if batch is not None and self._batches.pop(group, None) is not None:
            # It may be the batch that is refused, since the vendor closes those that idle.
            reason = f"the batch did not take the job: {failure.reason}"
            raise BackendUnavailable(backend=_name(request.device), reason=reason)
        await self._refuse(claimed, failure.reason)
        raise chunk_failed(claimed, failure.reason)

    async def _require_wanted(self, intent: Intent) -> None:
        """Refuse what was cancelled while it waited, before others wait for it to be made ready."""
        found = await self._account.store.read(intent.key)
        if found is not None and not found.is_wanted:
            raise chunk_failed(found, found.reason or CANCELLED)

    async def _prepared(self, request: QpuRequest, intent: Intent) -> Prepared:
        try:
            return await self._account.prepare(request)
        except InvalidInput as error:
            await self._refuse(intent, error.detail)
            raise
        except Refused as error:
            await self._refuse(intent, error.reason)
            raise chunk_failed(intent, error.reason) from error

    async def _claim(self, intent: Intent, prepared: Prepared) -> Intent:
        body = {**prepared.calibration, "source": self._account.source}
        facts = {
            "isa_depth": prepared.isa_depth,
            "two_qubit_gates": prepared.two_qubit_gates,
            "calibrated_at": prepared.calibration.get("calibrated_at"),
        }
        snapshot = snapshot_of(_name(intent.device), body)
        claimed = await self._account.store.attempt(intent.key, snapshot, facts)
        if claimed is None:
            raise chunk_failed(intent, CANCELLED)
        return claimed

    async def _recorded(self, claimed: Intent, job_id: str) -> Intent:
        try:
            return await self._account.match(claimed, job_id)
        except BackendUnavailable:
            # Duplicates are looked for again when the job has ended.
            return await self._account.store.job(claimed.key, job_id, ())

    async def _refuse(self, intent: Intent, reason: str) -> None:
        await self._account.store.close(intent.key, IntentState.FAILED, reason=reason, usage_s=0.0)

    async def _batch(self, group: tuple[UUID, str]) -> str | None:
        if group not in self._batches and self._waiting[group] > 1:
            device = group[1]
            self._batches[group] = await self._account.ask(lambda client: client.open_batch(device))
        return self._batches.get(group)

    async def _close_batch(self, group: tuple[UUID, str]) -> None:
        batch = self._batches.pop(group, None)
        if batch is None:
            return
        try:
            await self._account.ask(lambda client: client.close_batch(batch))
        except (BackendUnavailable, Refused) as error:
            # The vendor closes it by itself.
            log.warning("qpu.batch.open", batch=batch, reason=str(error))


def _name(device: str) -> str:
    return str(Backend(family=Family.IBM, device=device))
