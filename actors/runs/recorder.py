"""Own how finished chunks of one run reach the database: soon, and many at a time."""

import asyncio
from types import TracebackType
from typing import Self

from actors.runs.events import Progress
from actors.runs.store import RunStore
from core.clock import Clock
from core.runs import Chunk, Run

_LINGER_S = 0.02
"""Wait this long for more chunks before a transaction."""


class Recorder:
    """Store the chunks of a run as they arrive, while its block lasts.

    What has arrived and is not being stored when the block ends is left to the caller, who takes
    it with `rest` and stores it in the transaction that follows.
    """

    def __init__(self, store: RunStore, run: Run, progress: Progress, clock: Clock) -> None:
        self._store = store
        self._run = run
        self._progress = progress
        self._clock = clock
        self._chunks: list[Chunk] = []
        self._arrived = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.create_task(self._record())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.wait([self._loop])
        if self._writing is not None:
            # What is being stored must be stored before the run can end.
            await asyncio.shield(self._writing)

    def add(self, chunk: Chunk) -> None:
        """Take one finished chunk.

        Raises:
            SourceUnavailable: earlier chunks could not be stored for as long as that was tried.
        """
        self._progress.advance()
        self._chunks.append(chunk)
        self._arrived.set()
        if self._loop is not None and self._loop.done():
            self._loop.result()

    def rest(self) -> list[Chunk]:
        """Take the chunks that are not stored yet."""
        chunks, self._chunks = self._chunks, []
        return chunks

    async def _record(self) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(_LINGER_S)
            self._arrived.clear()
            chunks = self.rest()
            step = self._progress.step(chunks[-1].stage, self._clock.now_ns())
            self._writing = asyncio.create_task(self._store.record(self._run, chunks, step))
            await asyncio.shield(self._writing)
            self._writing = None
