"""Own the stream of one run's events."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response

from core.errors import InvalidInput
from core.identity import Permission
from core.runs import Run, RunEvent
from serve.identity.access import PrincipalOf, needs
from serve.routes.quote_stream import UNBUFFERED, EventStream
from serve.routes.run_views import event_view
from serve.services import Services, ServicesOf
from storage import run_events, runs
from storage.cache import RunNotifications
from storage.pool import ReadConn

router = APIRouter(tags=["streams"], dependencies=[needs(Permission.RUNS_READ)])

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
    caller: PrincipalOf,
    services: ServicesOf,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[_Start]:
    after = _sequence(last_event_id)
    # Subscribed before the first look, so that nothing can happen between the two unseen.
    async with services.cache.run_notifications(run_id) as notifications:
        async with services.pools.read(caller.org_id) as connection:
            events, ended = await _look(connection, caller.org_id, run_id, after)
        last = events[-1].sequence if events else after
        news = _frames(events, ended)
        yield _Start(caller.org_id, run_id, last, news, ended is not None, notifications)


@router.get(
    "/runs/{run_id}",
    response_class=EventStream,
    responses={204: {"description": "The run has ended, and no event is left."}},
)
async def stream_run(start: Annotated[_Start, Depends(_start)], services: ServicesOf) -> Response:
    """Send every event of a run, those stored before first, and end after the final one.

    Each event's id resumes the stream after it, by `Last-Event-ID`. The final event carries the
    `run` with its result, so that nobody has to ask for it; after it there is no stream, but 204.
    """
    if start.is_over and not start.news:
        return Response(status_code=204)  # an empty stream would be opened again for ever
    return EventStream(_chunks(services, start), headers=UNBUFFERED)


async def _chunks(services: Services, start: _Start) -> AsyncIterator[bytes]:
    """Yield frames as events come; the database holds them, the cache says when to look."""
    if start.news:
        yield start.news
    after, silent, is_over = start.after, 0, start.is_over
    while not is_over:
        await start.notifications.wait(POLL_S)
        silent += 1
        is_long = silent >= SILENT_POLLS
        async with services.pools.read(start.org_id) as connection:
            events, ended = await _look(
                connection, start.org_id, start.run_id, after, in_silence=is_long
            )
        is_over = ended is not None
        if events:
            after, silent = events[-1].sequence, 0
            yield _frames(events, ended)
        elif is_long and not is_over:
            silent = 0
            yield HEARTBEAT


async def _look(
    connection: ReadConn, org_id: UUID, run_id: UUID, after: int, *, in_silence: bool = True
) -> tuple[Sequence[RunEvent], Run | None]:
    """Return the events after one, and the run if it ends with them.

    Without events the run is asked `in_silence` only: `after` may lie beyond its end.
    """
    events = await run_events.after(connection, org_id, run_id, after)
    if not (events[-1].status.is_final if events else in_silence):
        return events, None
    run = await runs.get(connection, org_id, run_id)
    if not run.status.is_final:
        return events, None
    if not events:  # it may have ended since
        events = await run_events.after(connection, org_id, run_id, after)
    return events, run


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
