"""Own what becomes of an actor whose loop ends: the process ends too, and Ray starts it anew."""

import asyncio
import os
from collections.abc import Coroutine, Iterable
from typing import Any

from core.logs import get_logger

log = get_logger(__name__)


def start_loops(*bodies: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
    """Run loops that are to run for ever; the process ends with the first that does not.

    An actor with a dead loop looks alive and does nothing, which is worse than one that is gone.
    """
    tasks = [asyncio.create_task(body, name=getattr(body, "__qualname__", None)) for body in bodies]
    for task in tasks:
        task.add_done_callback(_end_process)
    return tasks


async def end_loops(loops: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel loops and wait until they have ended."""
    running = set(loops)
    while running:  # a connection that fails in the same moment swallows a cancellation
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=1.0)


def _end_process(task: asyncio.Task[Any]) -> None:
    if task.cancelled():
        return
    log.critical("actor.loop.ended", loop=task.get_name(), error=repr(task.exception()))
    os._exit(70)
