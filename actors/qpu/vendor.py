"""Own the thread in which the vendor's package is called, one call at a time."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from actors.qpu.turns import Turns
from core.errors import BackendUnavailable
from core.logs import get_logger

log = get_logger(__name__)

T = TypeVar("T")
Answer = tuple[Any, BaseException | None]


class VendorThread:
    """Call a synchronous client from a loop.

    A call that does not come back in time is left to its thread, which may wait for ever, and the
    next one goes to a client and a thread made anew: what the first one sent may still arrive.
    After `max_left` of these `is_worn_out` is set, and only the end of the process rids it of them.
    """

    def __init__(self, make: Callable[[], Any], name: str, max_left: int = 16) -> None:
        self._make = make
        self._name = name
        self._max_left = max_left
        self._client = make()
        self._thread = _Thread(name)
        self._turns = Turns()
        self.left_behind = 0
        self.is_worn_out = asyncio.Event()

    async def call(self, ask: Callable[[Any], T], within_s: float, *, is_urgent: bool = False) -> T:
        """Return what `ask` makes of the client; an urgent call goes ahead of those that wait.

        Raises:
            BackendUnavailable: it took too long.
        """
        async with self._turns.taken(is_urgent=is_urgent):
            client = self._client
            answered = self._thread.put(lambda: ask(client))
            try:
                async with asyncio.timeout(within_s):
                    value, error = await answered
            except TimeoutError as error:
                self._leave(within_s)
                reason = f"no answer within {within_s:g} s"
                raise BackendUnavailable(backend=self._name, reason=reason) from error
            except asyncio.CancelledError:
                self._leave(within_s)
                raise
        if error is not None:
            raise error
        answer: T = value
        return answer

    def _leave(self, within_s: float) -> None:
        self.left_behind += 1
        self._client = self._make()
        self._thread = _Thread(self._name)
        if self.left_behind >= self._max_left:
            self.is_worn_out.set()
        log.warning("qpu.call.left", left=self.left_behind, within_s=within_s)


class _Thread:
    """Run one call after another in a thread that begins with the first and never ends.

    The vendor's package leaves something of itself to the thread that imports it: once that thread
    has ended, calls from any other crash the process.
    """

    def __init__(self, name: str) -> None:
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def put(self, call: Callable[[], Any]) -> asyncio.Future[Answer]:
        """Begin a call; the future holds its value, or the error that it raised."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()

        def settle(answer: Answer) -> None:
            if not answered.done():
                answered.set_result(answer)

        def run() -> None:
            answer: Answer
            try:
                answer = call(), None
            except Exception as error:  # whatever it is, who waits must hear of it
                answer = None, error
            with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(settle, answer)

        if not self._thread.is_alive():
            self._thread.start()
        self._calls.put(run)
        return answered

    def _run(self) -> None:
        while True:
            self._calls.get()()
