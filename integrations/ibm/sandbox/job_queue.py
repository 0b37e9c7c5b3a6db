"""Own the sandbox's queue: one job after another, each in the worker process."""

import asyncio
import contextlib
import json
import sys
from collections import deque
from typing import Any

from core.clock import NANOSECONDS_PER_SECOND, Clock, utc_from_ns
from integrations.ibm.sandbox.jobs import RAN_TOO_LONG, Job
from integrations.ibm.sandbox.worker import LENGTH, packed
from integrations.sandbox_kit import FaultSwitch

STALLED = "queue_stalled"
LONG = "queue_long"
FAILED = "job_failed"
TOO_LONG = "job_too_long"
_POLL_S = 0.02
_LONG_S = 5.0
"""Have jobs wait so long in a long queue; those of real devices are longer still."""


class Worker:
    """Run the process that carries jobs out; it starts with the first job."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Have a job carried out; a worker that ends meanwhile is an error of the job."""
        process = await self._running()
        assert process.stdin is not None  # noqa: S101 - both are piped
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(packed(asked))
            await process.stdin.drain()
            (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
            answer: dict[str, Any] = json.loads(await process.stdout.readexactly(length))
        except (OSError, asyncio.IncompleteReadError):
            await self.close()
            return {"error": "the worker ended"}
        except asyncio.CancelledError:
            # Its answer to this job must not be read as the answer to the next.
            await self.close()
            raise
        return answer

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "integrations.ibm.sandbox.worker",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        return self._process

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class JobQueue:
    """Carry jobs out in the order in which they came.

    A job that is cancelled while it runs takes the worker with it.
    """

    def __init__(self, clock: Clock, faults: FaultSwitch, *, queue_s: float, seed: int) -> None:
        self._clock = clock
        self._faults = faults
        self._queue_s = queue_s
        self._seed = seed
        self._waiting: deque[Job] = deque()
        self._worker = Worker()
        self._loop: asyncio.Task[None] | None = None
        self._running: tuple[Job, asyncio.Task[dict[str, Any]]] | None = None
        self._started = 0

    def put(self, job: Job) -> None:
        """Queue a job; the first one starts the queue."""
        self._waiting.append(job)
        if self._loop is None or self._loop.done():
            self._loop = asyncio.create_task(self._run())

    def cancel(self, job: Job) -> None:
        """End a job that has not ended."""
        self._end(job, "Cancelled", "Cancelled by the user")
        if self._running is not None and self._running[0] is job:
            self._running[1].cancel()

    async def close(self) -> None:
        """End the queue and the worker."""
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        await self._worker.close()

    async def _run(self) -> None:
        while self._waiting:
            job = self._waiting[0]
            if self._faults.left[STALLED] != 0 or self._is_early(job):
                await asyncio.sleep(_POLL_S)
                continue
            self._waiting.popleft()
            if not job.is_final:
                await self._carry_out(job)

    def _is_early(self, job: Job) -> bool:
        waited_ns = self._clock.now_ns() - int(job.created.timestamp() * NANOSECONDS_PER_SECOND)
        queue_s = _LONG_S if self._faults.left[LONG] != 0 else self._queue_s
        return not job.is_final and waited_ns < queue_s * NANOSECONDS_PER_SECOND

    async def _carry_out(self, job: Job) -> None:
        job.status, job.started = "Running", utc_from_ns(self._clock.now_ns())
        self._started += 1
        asked = {
            "program": job.program,
            "device": job.device,
            "params": job.params,
            "seed": self._seed + self._started,
        }
        task = asyncio.create_task(self._worker.ask(asked))
        self._running = job, task
        await asyncio.wait({task})
        self._running = None
        if not job.is_final:
            self._finish(job, task.result())

    def _finish(self, job: Job, answer: dict[str, Any]) -> None:
        quantum_s = answer.get("quantum_s", 0.0)
        if "error" in answer:
            self._end(job, "Failed", answer["error"])
        elif self._faults.take(FAILED):
            self._end(job, "Failed", "Internal error of the control electronics", 8101)
        elif self._faults.take(TOO_LONG) or (job.cost_s is not None and quantum_s > job.cost_s):
            job.quantum_s = quantum_s if job.cost_s is None else float(job.cost_s)
            self._end(job, "Cancelled", "Ran too long", RAN_TOO_LONG)
        else:
            job.quantum_s, job.result = quantum_s, answer["result"]
            self._end(job, "Completed", None)

    def _end(self, job: Job, status: str, reason: str | None, code: int | None = None) -> None:
        job.status, job.reason, job.reason_code = status, reason, code
        job.finished = utc_from_ns(self._clock.now_ns())
