"""Check that a feed's capture outlives a disk that is full, read-only, or emptied under it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.feeds.capture import FeedCapture
from core.clock import ShiftedClock, SystemClock
from storage.journal import JournalWriter, segments
from storage.journal_format import Position, Record, RecordKind
from storage.journal_reader import read_file
from storage.objects import ObjectStore

FRAME = Record(RecordKind.FRAME, 7, 1, b"frame")
WITHIN_S = 10.0


async def capture_in(folder: Path) -> FeedCapture:
    journal = JournalWriter(
        folder / "journal",
        venue="cme",
        source="sandbox",
        products=("CL",),
        version="test",
        now_ns=SystemClock().now_ns(),
    )
    objects = await ObjectStore.open((folder / "objects").as_uri())
    return FeedCapture(journal, objects, venue="cme", limit=1 << 30, clock=ShiftedClock(0))


@asynccontextmanager
async def running(
    capture: FeedCapture, stored: Callable[[], Position | None]
) -> AsyncIterator["asyncio.Task[None]"]:
    task: asyncio.Task[None] = asyncio.create_task(capture.run(stored))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not reached():  # noqa: ASYNC110 - the capture sets no event of ours
            await asyncio.sleep(0.02)


async def test_a_segment_that_cannot_be_removed_ends_no_capture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capture = await capture_in(tmp_path)
    tries = []

    def refuse(path: Path, missing_ok: bool = False) -> None:
        del missing_ok
        tries.append(path)
        raise OSError(30, "Read-only file system")

    capture.append([FRAME])
    capture._journal.rotate(SystemClock().now_ns(), ())
    stored: list[Position] = []
    async with running(capture, lambda: stored[0] if stored else None) as task:
        await until(lambda: bool(capture._shipped))
        monkeypatch.setattr(Path, "unlink", refuse)
        stored.append(capture.position)
        await until(lambda: bool(tries))
        await asyncio.sleep(0)
        assert not task.done()
        monkeypatch.undo()
    capture.close()


async def test_a_journal_whose_folder_is_removed_is_begun_anew(tmp_path: Path) -> None:
    capture = await capture_in(tmp_path)
    capture.append([FRAME])
    shutil.rmtree(tmp_path / "journal")
    async with running(capture, lambda: None) as task:
        await until(lambda: capture._journal.should_rotate)
        assert not task.done()
    assert capture.append([FRAME]) is None
    assert capture.refused == 1
    capture.rotate_if_due(lambda: ())
    assert capture.append([FRAME]) is not None
    [segment] = segments(tmp_path / "journal")
    assert list(read_file(segment)[1]) == [FRAME]
    assert capture.queue.held == segment.stat().st_size
    capture.close()
