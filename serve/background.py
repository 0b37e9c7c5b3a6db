"""Own what a replica still does when its answer is on the way."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from core.logs import get_logger

log = get_logger(__name__)


class Background:
    """Hold work that nobody waits for; what fails of it is logged and nothing else."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin work now."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end)

    async def close(self) -> None:
        """Cancel what has not ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background.broke", error=repr(error), exc_info=error)
