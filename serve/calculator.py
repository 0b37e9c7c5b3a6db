"""Own the thread in which a replica does long arithmetic, so that its loop serves others."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from core.errors import SourceUnavailable

P = ParamSpec("P")
T = TypeVar("T")

_MOST_WAITING = 32


class Calculator:
    """Do one calculation at a time, in the order asked; refuse when too many wait.

    What is asked must be bounded by its caller: a thread cannot be ended. Nothing is kept, so that
    a lost replica loses only answers on the way, and any call may be repeated.
    """

    def __init__(self, most_waiting: int = _MOST_WAITING) -> None:
        self._most_waiting = most_waiting
        self._waiting = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="calculator")

    async def run(self, calculate: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what the function returns, computed off the loop.

        Raises:
            SourceUnavailable: too many calculations wait already.
        """
        if self._waiting >= self._most_waiting:
            reason = f"{self._waiting} calculations wait already"
            raise SourceUnavailable(source="The calculator", reason=reason)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, lambda: calculate(*args, **kwargs))
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let the calculation under way end, and begin no other."""
        self._thread.shutdown(wait=False, cancel_futures=True)
