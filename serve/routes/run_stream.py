"""Own the stream of one run's events."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header

from core.errors import InvalidInput
from core.runs import Run, RunEvent
from serve.keys import CallerOf
from serve.routes.quote_stream import UNBUFFERED, EventStream
from serve.routes.run_views import event_view
from serve.services import Services, ServicesOf
from storage import run_events, runs
from storage.cache import RunNotifications
from storage.pool import ReadConn

router = APIRouter(tags=["streams"])

POLL_S = 1.0
SILENT_POLLS = 15
"""Send a comment after so many looks without news, so that nobody takes the stream for dead."""
HEARTBEAT = b": heartbeat\n\n"


@dataclass(frozen=True, slots=True)
class _Start:
    """Hold what is sent first; read before the answer begins, so that a refusal is one."""

    org_id: UUID
    run_id: UUID
    after: int
    news: bytes
    is_over: bool
    notifications: RunNotifications


async def _start(
    run_id: UUID,
    caller: CallerOf,
    services: ServicesOf,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[_Start]:
    after = _sequence(last_event_id)
    # Subscribed before the first look, so that nothing can happen between the two unseen.
    async with services.cache.run_notifications(run_id) as notifications:
        async with services.pools.read(caller.org_id) as connection:
            events = await run_events.after(connection, caller.org_id, run_id, after)
            ended = None
            if not events or events[-1].status.is_final:
                run = await runs.get(connection, caller.org_id, run_id)
                ended = run if run.status.is_final else None
        last = events[-1].sequence if events else after
        news = _frames(events, ended)
        yield _Start(caller.org_id, run_id, last, news, ended is not None, notifications)


@router.get("/runs/{run_id}", response_class=EventStream)
async def stream_run(
    start: Annotated[_Start, Depends(_start)], services: ServicesOf
) -> EventStream:
    """Send every event of a run, those stored before first, and end after the final one.

    Each event's id resumes the stream after it, by `Last-Event-ID`. The final event carries the
    `run` with its result, so that nobody has to ask for it.
    """
    return EventStream(_chunks(services, start), headers=UNBUFFERED)


async def _chunks(services: Services, start: _Start) -> AsyncIterator[bytes]:
    """Yield frames as events come; the database holds them, the cache says when to look."""
    if start.news:
        yield start.news
    after, silent, is_over = start.after, 0, start.is_over
    while not is_over:
        await start.notifications.wait(POLL_S)
        async with services.pools.read(start.org_id) as connection:
            events = await run_events.after(connection, start.org_id, start.run_id, after)
            ended = await _ended(connection, start.org_id, events)
        silent += 1
        if events:
            after, silent = events[-1].sequence, 0
            yield _frames(events, ended)
        elif silent >= SILENT_POLLS:
            silent = 0
            yield HEARTBEAT
        is_over = ended is not None


async def _ended(connection: ReadConn, org_id: UUID, events: Sequence[RunEvent]) -> Run | None:
    """Return the run if these events end it."""
    if not events or not events[-1].status.is_final:
        return None
    return await runs.get(connection, org_id, events[-1].run_id)


def _frames(events: Sequence[RunEvent], ended: Run | None) -> bytes:
    frames = []
    for event in events:
        run = ended if event is events[-1] else None
        data = event_view(event, run).model_dump_json()
        frames.append(f"id: {event.sequence}\nevent: {event.kind}\ndata: {data}\n\n")
    return "".join(frames).encode()


def _sequence(last_event_id: str | None) -> int:
    if last_event_id is None:
        return 0
    if not (last_event_id.isascii() and last_event_id.isdecimal()) or len(last_event_id) > 9:
        raise InvalidInput(
            field="Last-Event-ID", reason=f"expected a number, was {last_event_id!r}"
        )
    return int(last_event_id)
