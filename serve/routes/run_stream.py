"""Own the stream of one run's events."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from core.errors import InvalidInput
from serve.keys import CallerOf
from serve.routes.run_views import event_view
from serve.services import ServicesOf
from storage import runs

router = APIRouter(tags=["streams"])

POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class _Start:
    """Hold which events to send; checked before the answer begins, so that a refusal is one."""

    org_id: UUID
    run_id: UUID
    after: int


async def _start(
    run_id: UUID,
    caller: CallerOf,
    services: ServicesOf,
    last_event_id: Annotated[str | None, Header()] = None,
) -> _Start:
    async with services.pools.read(caller.org_id) as connection:
        await runs.get(connection, caller.org_id, run_id)
    return _Start(caller.org_id, run_id, _sequence(last_event_id))


@router.get("/runs/{run_id}", response_class=EventSourceResponse)
async def stream_run(
    start: Annotated[_Start, Depends(_start)], services: ServicesOf
) -> AsyncIterable[ServerSentEvent]:
    """Send every event of a run, those stored before first, and end after the final one.

    The database holds the events; the cache only says when to look again.
    """
    after = start.after
    async with services.cache.run_notifications(start.run_id) as notifications:
        while True:
            async with services.pools.read(start.org_id) as connection:
                events = await runs.events_after(connection, start.org_id, start.run_id, after)
            for event in events:
                after = event.sequence
                yield ServerSentEvent(
                    data=event_view(event), event=event.kind, id=str(event.sequence)
                )
                if event.status.is_final:
                    return
            await notifications.wait(POLL_S)


def _sequence(last_event_id: str | None) -> int:
    if last_event_id is None:
        return 0
    if not last_event_id.isdecimal() or len(last_event_id) > 9:
        raise InvalidInput(
            field="Last-Event-ID", reason=f"expected a number, was {last_event_id!r}"
        )
    return int(last_event_id)
