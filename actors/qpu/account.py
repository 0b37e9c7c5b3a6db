"""Own what is done about the jobs of one intent at the vendor's: find, cancel, fetch, settle."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from actors.qpu.reconciling import matched
from actors.qpu.requests import QpuDevice, QpuOutcome, QpuRequest
from actors.qpu.store import QpuStore
from actors.qpu.vendor import VendorThread
from core.errors import ChunkFailed, NotFound
from core.logs import get_logger
from integrations.ibm.client import IbmClient
from integrations.ibm.config import IbmConfig
from integrations.ibm.jobs import FoundJob, JobEnd, JobStatus, Prepared, Work
from storage.qpu import Intent, IntentState

log = get_logger(__name__)

T = TypeVar("T")

_USAGE_PAUSE_S = 1.0
CANCELLED = "it was cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class QpuAccount:
    """Act for the stack at the vendor's; `owner` is a tag that all its jobs carry.

    Every method raises BackendUnavailable while the vendor does not answer.
    """

    vendor: VendorThread
    store: QpuStore
    config: IbmConfig
    owner: str
    source: str
    usage_within_s: float = 15.0

    async def ask(self, ask: Callable[[IbmClient], T], *, is_urgent: bool = False) -> T:
        """Have something asked of the vendor."""
        return await self.vendor.call(ask, self.config.answer_within_s, is_urgent=is_urgent)

    async def devices(self) -> list[QpuDevice]:
        """List the devices, with how each stands."""
        return [
            QpuDevice(
                name=device.name,
                qubits=device.qubits,
                is_available=device.is_available,
                reason=device.reason,
                queue_length=device.queue_length,
                source=self.source,
            )
            for device in await self.ask(lambda client: client.devices())
        ]

    async def prepare(self, request: QpuRequest) -> Prepared:
        """Fit the circuit of a request to its device."""
        work = Work(
            device=request.device,
            qpy=request.qpy,
            rows=request.rows,
            seed=request.seed,
            shots=request.shots,
            precision=request.precision,
            observables=request.observables if request.primitive == "estimator" else None,
        )
        within_s = self.config.submit_within_s
        return await self.vendor.call(lambda client: client.prepare(work), within_s)

    async def submit(self, intent: Intent, prepared: Prepared, batch: str | None) -> str:
        """Send the job of an intent; return the vendor's id of it."""
        tags = (intent.tag, self.owner)
        return await self.vendor.call(
            lambda client: client.submit(prepared, tags=tags, limit_s=intent.budget_s, batch=batch),
            self.config.submit_within_s,
        )

    async def unfinished(self) -> list[FoundJob]:
        """List the stack's jobs that have not ended."""
        return await self.ask(lambda client: client.unfinished(self.owner))

    async def match(self, intent: Intent, told: str | None = None) -> Intent:
        """Keep one job of an intent, cancel the others, and write both down.

        `told` is the id that the vendor gave, which its list may not show yet.
        """
        # A second job waits in the vendor's queue, and costs money as soon as it is carried out.
        found = await self.ask(lambda client: client.find(intent.tag), is_urgent=True)
        match = matched(intent, found)
        kept = match.kept or told
        if kept is None:
            return intent
        if kept != intent.job_id or set(match.duplicates) - set(intent.duplicates):
            # Written down first: what is cancelled must never be what counts.
            intent = await self.store.job(intent.key, kept, match.duplicates)
        # What was read before may be older than what is written now.
        for job_id in matched(intent, found).duplicates:
            await self.cancel_job(job_id)
        return intent

    async def cancel_job(self, job_id: str) -> None:
        """Cancel one job, if it has not ended."""
        await self.ask(lambda client: client.cancel(job_id), is_urgent=True)

    async def end(self, job_id: str) -> JobEnd | None:
        """Tell how a job ended, None while it has not.

        Raises:
            NotFound: the vendor does not know the job.
        """
        return await self.ask(lambda client: client.end(job_id))

    async def drop(self, intent: Intent) -> None:
        """End an intent without a job, unless one has been sent since it was read."""
        await self.store.drop(intent, CANCELLED)

    async def cancel(self, intent: Intent, *, may_appear: bool) -> bool:
        """Cancel every job of an intent; end the intent and return True once all have ended."""
        intent = await self.match(intent)
        if intent.job_id is None:
            if not may_appear:
                await self.drop(intent)
            return not may_appear
        await self.cancel_job(intent.job_id)
        if await self._ended(intent.job_id) is None:
            return False
        usage_s = await self._usage_s(intent)
        await self.store.close(intent.key, IntentState.CANCELLED, reason=CANCELLED, usage_s=usage_s)
        return True

    async def settle(self, intent: Intent) -> None:
        """Write what the jobs of an ended intent used, if the vendor says so by now."""
        usage_s = await self._usage_s(intent)
        if usage_s is not None:
            await self.store.settle(intent.key, usage_s)

    async def lose(self, intent: Intent) -> None:
        """End an intent whose job the vendor does not know any more."""
        reason = f"the vendor does not know job {intent.job_id} any more"
        await self.store.close(intent.key, IntentState.FAILED, reason=reason, usage_s=None)

    async def collect(self, request: QpuRequest, intent: Intent, end: JobEnd) -> QpuOutcome:
        """Fetch the result of a job that has ended, and end its intent.

        Raises:
            ChunkFailed: the job brought no result.
        """
        assert intent.job_id is not None  # noqa: S101 - it is what has ended
        if end.status is not JobStatus.DONE:
            raise await self._failed(intent, end)
        answer = await self._answer(request, intent.job_id)
        if intent.is_open:
            # A job that a lost request made may have come only now; what it used counts too.
            intent = await self.match(intent)
        usage_s = await self._settled_usage_s(intent)
        if intent.is_open:
            await self.store.close(intent.key, IntentState.FINISHED, reason=None, usage_s=usage_s)
        return QpuOutcome(
            result={
                **answer,
                **(intent.facts or {}),
                "job_id": intent.job_id,
                "usage_s": usage_s,
                "source": self.source,
            },
            snapshot=await self.store.snapshot(intent),
            waited_s=end.waited_s,
            elapsed_s=end.elapsed_s,
        )

    async def _answer(self, request: QpuRequest, job_id: str) -> dict[str, object]:
        within_s = self.config.submit_within_s
        if request.primitive == "sampler":
            counts = await self.vendor.call(lambda client: client.counts(job_id), within_s)
            return {"counts": counts}
        width = len(request.observables)
        values, errors = await self.vendor.call(
            lambda client: client.values(job_id, width), within_s
        )
        return {"values": values, "standard_errors": errors}

    async def _failed(self, intent: Intent, end: JobEnd) -> ChunkFailed:
        reason = end.reason or f"the vendor's job ended as {end.status}"
        if end.ran_too_long:
            reason = f"it needed more than the {intent.budget_s} s that it might use"
        if intent.is_open:
            usage_s = end.usage_s if not intent.duplicates else await self._usage_s(intent)
            await self.store.close(intent.key, IntentState.FAILED, reason=reason, usage_s=usage_s)
        return chunk_failed(intent, reason)

    async def _settled_usage_s(self, intent: Intent) -> float | None:
        """Return what was used, waiting a little for the vendor to know."""
        for _ in range(int(self.usage_within_s / _USAGE_PAUSE_S)):
            usage_s = await self._usage_s(intent)
            if usage_s is not None:
                return usage_s
            await asyncio.sleep(_USAGE_PAUSE_S)
        return None

    async def _usage_s(self, intent: Intent) -> float | None:
        """Return what all jobs of an intent used together, None while one is not settled."""
        total_s = 0.0
        for job_id in (*filter(None, (intent.job_id,)), *intent.duplicates):
            end = await self._ended(job_id)
            if end is None or end.usage_s is None:
                return None
            total_s += end.usage_s
        return total_s

    async def _ended(self, job_id: str) -> JobEnd | None:
        """Tell how a job ended; one that is not known any more has used what nobody can tell."""
        try:
            return await self.end(job_id)
        except NotFound:
            log.warning("qpu.job.unknown", job_id=job_id)
            return JobEnd(
                status=JobStatus.CANCELLED,
                reason="",
                ran_too_long=False,
                usage_s=0.0,
                waited_s=0.0,
                elapsed_s=0.0,
            )


def chunk_failed(intent: Intent, reason: str) -> ChunkFailed:
    """Return the error of an intent whose job brought no result."""
    return ChunkFailed(
        stage=intent.key.stage,
        index=intent.key.chunk_index,
        attempts=intent.attempts,
        reason=reason,
    )
