"""Own what is recorded of a run while it is carried out: its events and its chunks."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from core.errors import InvalidInput
from core.identity import Permission
from core.runs import RunEvent
from serve.identity.access import PrincipalOf, needs
from serve.routes.run_views import ChunkPage, EventList, chunk_view, event_view
from serve.services import ServicesOf
from storage import run_chunks, run_events, runs
from storage.pool import ReadConn

router = APIRouter(tags=["runs"], dependencies=[needs(Permission.RUNS_READ)])

STAGE_PATTERN = r"^[a-z][a-z0-9_-]{0,39}$"
_CURSOR = re.compile(r"([a-z][a-z0-9_-]{0,39})\.(\d{1,9})")


async def events_after(
    connection: ReadConn, org_id: UUID, run_id: UUID, sequence: int
) -> list[RunEvent]:
    """Return the events of a run after the one numbered `sequence`.

    Raises:
        RunNotFound: the organisation has no such run.
    """
    events = await run_events.after(connection, org_id, run_id, sequence)
    if not events:
        # Every run has a first event, so only one that has none after `sequence` is in doubt.
        await runs.get(connection, org_id, run_id)
    return events


@router.get("/runs/{run_id}/events")
async def list_events(
    run_id: UUID,
    caller: PrincipalOf,
    services: ServicesOf,
    after: Annotated[int, Query(ge=0, lt=2**31, description="The last one known.")] = 0,
) -> EventList:
    """List the events of a run so far; `/v1/streams/runs/{run_id}` sends them as they come."""
    async with services.pools.read(caller.org_id) as connection:
        events = await events_after(connection, caller.org_id, run_id, after)
    return EventList(items=[event_view(event) for event in events])


@router.get("/runs/{run_id}/chunks")
async def list_chunks(
    run_id: UUID,
    caller: PrincipalOf,
    services: ServicesOf,
    stage: Annotated[str | None, Query(pattern=STAGE_PATTERN)] = None,
    after: Annotated[str | None, Query(description="`next_after` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> ChunkPage:
    """List the chunks of a run that have ended, by stage and index."""
    position = None if after is None else position_of(after)
    async with services.pools.read(caller.org_id) as connection:
        page = await run_chunks.of_run(connection, caller.org_id, run_id, stage, position, limit)
        if not page:
            await runs.get(connection, caller.org_id, run_id)
    last = page[-1] if len(page) == limit else None
    return ChunkPage(
        items=[chunk_view(chunk) for chunk in page],
        next_after=None if last is None else f"{last.stage}.{last.index}",
    )


def position_of(cursor: str) -> tuple[str, int]:
    """Read the stage and index that a page of chunks ended with.

    Raises:
        InvalidInput: it is no such cursor.
    """
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidInput(field="after", reason="expected the next_after of another page")
    return found[1], int(found[2])
