"""Own how tasks are fanned out: bounded in flight, first finished first, cancelled together."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

import ray

from jobs.pieces import Finished, Piece
from jobs.remote import remote_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class RayFanout:
    """Fan pieces out as Ray tasks.

    The shared argument is put into the object store once. At most `in_flight` tasks are
    submitted at a time; cores, not this bound, decide how many run.
    """

    in_flight: int = 16

    async def run(self, shared: Any, pieces: Sequence[Piece]) -> AsyncGenerator[Finished]:
        """Yield each result as it arrives; a task that fails raises its own error here."""
        table = remote_tasks()
        reference = ray.put(shared)
        waiting = list(reversed(pieces))
        running: dict[asyncio.Future[Any], tuple[Piece, Any]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < self.in_flight:
                    piece = waiting.pop()
                    answer = table[piece.task].remote(reference, *piece.arguments)
                    running[asyncio.wrap_future(answer.future())] = (piece, answer)
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    piece, _answer = running.pop(future)
                    elapsed_s, result = future.result()
                    yield Finished(
                        task=piece.task, index=piece.index, result=result, elapsed_s=elapsed_s
                    )
        finally:
            for _piece, answer in running.values():
                ray.cancel(answer, force=True)
