"""Own how pieces are fanned out as Ray tasks: bounded, first finished first, tried again, ended."""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import SystemRandom
from typing import TYPE_CHECKING, Any

import numpy as np
import ray
from ray import exceptions

from core.errors import HeliostatError, SourceUnavailable
from core.logs import get_logger
from jobs.in_flight import InFlight
from jobs.pieces import Broken, Finished, Outcome, Piece
from jobs.remote import TASK_BODIES, remote_task
from jobs.retries import Attempts, Failure, RetryPolicy, failure_of
from jobs.workers import packed

if TYPE_CHECKING:
    from concurrent.futures import Future

log = get_logger(__name__)

_DEATHS = (
    exceptions.WorkerCrashedError,
    exceptions.NodeDiedError,
    exceptions.LocalRayletDiedError,
    exceptions.OutOfMemoryError,
    exceptions.ObjectLostError,
    # Nobody here cancelled it: a worker was taken down by hand, in the dashboard for instance.
    exceptions.TaskCancelledError,
)
_DRAIN_S = 0.4
"""Let tasks that run end by themselves for so long; then end their processes, which are warm."""

_CORES_LAST_S = 5.0
_MAX_INLINE_BYTES = 1 << 14
"""Send a shared value of up to so many bytes along with each task; others are fetched once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RayFanout:
    """Fan pieces out as Ray tasks.

    The shared value is packed and put into the object store once; a worker unpacks it once. How
    many tasks are handed out at a time, and how many short pieces go into one, follows how long
    pieces take; cores decide how many run. Errors that may pass are tried again after a pause,
    deaths of a process at once, each suspect in a task of its own; a piece whose tries are used up
    is yielded as Broken while the others go on. `bodies` maps tasks to `module:function`.
    """

    bodies: Mapping[str, str] = field(default_factory=lambda: TASK_BODIES)
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    async def run(self, shared: Any, pieces: Sequence[Piece]) -> AsyncGenerator[Outcome]:
        """Yield each piece as it ends. Closing ends within a second all tasks that run.

        Raises:
            SourceUnavailable: Ray takes no tasks now.
        """
        if not pieces:
            return
        fan = _Fan(self, shared, pieces)
        try:
            while fan.is_busy:
                fan.hand_out()
                for outcome in await fan.ended():
                    yield outcome
        finally:
            await fan.close()

    async def warm(self) -> None:
        """Have one worker per core import what the bodies need, which takes a cold one seconds.

        Raises:
            SourceUnavailable: Ray takes no tasks now.
        """
        try:
            cores = _cores.count()
        except exceptions.RayError as error:
            raise _unavailable(error) from error
        pieces = [
            Piece(stage="warm", index=index, task="warm", arguments=(index,))
            for index in range(cores)
        ]
        paths = tuple(path for name, path in self.bodies.items() if name != "warm")
        async for outcome in self.run(paths, pieces):
            if isinstance(outcome, Broken):
                log.warning("fanout.warm.failed", error=outcome.error)


@dataclass(slots=True, eq=False)
class _Try:
    """Hold one piece, and what happened to it; a suspect gets a task of its own."""

    piece: Piece
    attempts: Attempts = field(default_factory=Attempts)
    is_suspect: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Hold the pieces of one Ray task."""

    tries: list[_Try]
    answer: Any
    handed_s: float


class _Arrivals:
    """Bring results from Ray's threads into the loop; many that arrive together wake it once."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[tuple[_Task, Future[Any]]] = deque()
        self._event = asyncio.Event()
        self._is_woken = False

    def expect(self, task: _Task) -> None:
        task.answer.future().add_done_callback(lambda future: self._put(task, future))

    def _put(self, task: _Task, future: "Future[Any]") -> None:
        self._arrived.append((task, future))
        if not self._is_woken and not self._loop.is_closed():
            self._is_woken = True
            self._loop.call_soon_threadsafe(self._event.set)

    async def take(self, within_s: float | None) -> list[tuple[_Task, "Future[Any]"]]:
        """Return what has arrived; nothing if nothing does in time."""
        try:
            async with asyncio.timeout(within_s):
                await self._event.wait()
        except TimeoutError:
            return []
        self._event.clear()
        self._is_woken = False
        taken = []
        while self._arrived:
            taken.append(self._arrived.popleft())
        return taken


class _Cores:
    """Know how many cores the cluster has; asking takes a while, and they seldom change."""

    def __init__(self) -> None:
        self._count = 0
        self._until_s = 0.0

    def count(self) -> int:
        if time.monotonic() > self._until_s:
            self._count = max(int(ray.cluster_resources().get("CPU", 1)), 1)
            self._until_s = time.monotonic() + _CORES_LAST_S
        return self._count


_cores = _Cores()


class _Fan:
    """Own one fan-out while it lasts."""

    def __init__(self, fanout: RayFanout, shared: Any, pieces: Sequence[Piece]) -> None:
        self._policy = fanout.policy
        self._remote = {
            name: remote_task(name, fanout.bodies[name])
            for name in dict.fromkeys(piece.task for piece in pieces)
        }
        self._digest, content = packed(shared)
        try:
            self._content: Any = content
            if len(content) > _MAX_INLINE_BYTES:
                self._content = ray.put(np.frombuffer(content, dtype=np.uint8))
            cores = _cores.count()
        except exceptions.RayError as error:
            raise _unavailable(error) from error
        self._in_flight = InFlight(cores=cores)
        self._waiting = deque(_Try(piece) for piece in pieces)
        self._pausing: list[tuple[float, int, _Try]] = []
        self._running: set[_Task] = set()
        self._arrivals = _Arrivals()
        self._random = SystemRandom()

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting or self._pausing or self._running)

    def hand_out(self) -> None:
        """Hand out as many tasks as the bound allows, pieces whose pause is over first."""
        now_s = time.monotonic()
        while self._pausing and self._pausing[0][0] <= now_s:
            self._waiting.appendleft(heapq.heappop(self._pausing)[2])
        while self._waiting and len(self._running) < self._in_flight.tasks:
            self._start(self._next_tries())

    def _next_tries(self) -> list[_Try]:
        tries = [self._waiting.popleft()]
        room = self._in_flight.pieces_per_task(len(self._waiting) + 1)
        while len(tries) < room and self._waiting and _may_share(tries[0], self._waiting[0]):
            tries.append(self._waiting.popleft())
        return tries

    def _start(self, tries: list[_Try]) -> None:
        for one in tries:
            one.attempts.started += 1
        remote = self._remote[tries[0].piece.task]
        arguments = [one.piece.arguments for one in tries]
        try:
            answer = remote.remote(self._digest, self._content, arguments)
        except exceptions.RayError as error:
            raise _unavailable(error) from error
        task = _Task(tries, answer, time.monotonic())
        self._running.add(task)
        self._arrivals.expect(task)

    async def ended(self) -> list[Outcome]:
        """Wait until something ends or a pause is over; return the pieces that ended."""
        within_s = None
        if self._pausing:
            within_s = max(self._pausing[0][0] - time.monotonic(), 0.0)
        outcomes: list[Outcome] = []
        for task, future in await self._arrivals.take(within_s):
            self._running.discard(task)
            outcomes.extend(self._judge(task, future))
        return outcomes

    def _judge(self, task: _Task, future: "Future[Any]") -> Iterator[Outcome]:
        error = future.exception()
        if error is not None:
            yield from self._judge_failed(task, error)
            return
        worker, answers = future.result()
        took_s = time.monotonic() - task.handed_s
        for one, answer in zip(task.tries, answers, strict=True):
            self._in_flight.observe(answer.elapsed_s)
            if answer.error is not None:
                yield from self._failed(one, failure_of(answer.error), answer.error)
                continue
            yield Finished(
                stage=one.piece.stage,
                index=one.piece.index,
                result=answer.result,
                elapsed_s=answer.elapsed_s,
                waited_s=max(took_s - answer.elapsed_s, 0.0),
                attempts=one.attempts.started,
                worker=worker,
            )

    def _judge_failed(self, task: _Task, error: BaseException) -> Iterator[Broken]:
        if isinstance(error, _DEATHS):
            # Of several pieces any may have taken the process down: none of them is blamed yet.
            is_sure = len(task.tries) == 1
            for one in task.tries:
                one.is_suspect = True
                if is_sure:
                    yield from self._failed(one, Failure.DEATH, error)
                else:
                    self._waiting.append(one)
            return
        cause = getattr(error, "cause", None) or error
        for one in task.tries:
            yield from self._failed(one, failure_of(cause), cause)

    def _failed(self, one: _Try, failure: Failure, error: BaseException) -> Iterator[Broken]:
        pause_s = one.attempts.after(failure, self._policy, self._random)
        if pause_s is None:
            yield Broken(
                stage=one.piece.stage,
                index=one.piece.index,
                error=described(failure, error),
                attempts=one.attempts.started,
            )
        else:
            heapq.heappush(self._pausing, (time.monotonic() + pause_s, id(one), one))

    async def close(self) -> None:
        """End all tasks: short ones by themselves, so that warm processes live on; then by force.

        Ray's cancellation without force waits for Python's lock in the worker, which long
        calculations hold; force would then wait behind it.
        """
        self._waiting.clear()
        self._pausing.clear()
        deadline_s = time.monotonic() + _DRAIN_S
        try:
            while self._running and (left_s := deadline_s - time.monotonic()) > 0:
                for task, _ in await self._arrivals.take(left_s):
                    self._running.discard(task)
        finally:  # whoever cannot wait either must not leave them behind
            for task in self._running:
                ray.cancel(task.answer, force=True)


def _may_share(first: _Try, other: _Try) -> bool:
    return first.piece.task == other.piece.task and not (first.is_suspect or other.is_suspect)


def described(failure: Failure, error: BaseException) -> dict[str, Any]:
    """Return an error as it is stored with its chunk: JSON-ready, with `code` and `detail`."""
    if isinstance(error, HeliostatError):
        return {"code": error.code, "detail": error.detail, **error.context}
    if failure is Failure.DEATH:
        kind = type(error).__name__
        return {"code": "worker-died", "detail": f"its process ended while it ran ({kind})"}
    return {"code": "internal", "detail": f"{type(error).__name__}: {error}"}


def _unavailable(error: Exception) -> SourceUnavailable:
    return SourceUnavailable(source="ray", reason=str(error))
