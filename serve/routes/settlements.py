"""Own the import and export of settlement histories."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from core.clock import utc_from_ns
from core.errors import HeliostatError, InvalidInput
from core.identity import Permission, Principal
from core.market import validate_source
from core.products import PRODUCTS
from serve.identity.access import PrincipalOf, needs
from serve.middleware.bodies import MAX_IMPORT_BYTES
from serve.problems import document_of
from serve.services import Services, ServicesOf
from storage import settlements
from storage.settlement_export import encode
from storage.settlement_files import read_table
from storage.table_files import ARROW_TYPE, CSV_TYPE

router = APIRouter(tags=["settlements"])

NDJSON = "application/x-ndjson"
_QUEUED_EVENTS = 64


@router.post(
    "/settlements/imports",
    max_body_size=MAX_IMPORT_BYTES,
    dependencies=[needs(Permission.SETTLEMENTS_IMPORT)],
)
async def import_settlements(
    request: Request,
    caller: PrincipalOf,
    services: ServicesOf,
    name: Annotated[str, Query(description="The source becomes import:NAME.")],
    revise: Annotated[bool, Query(description="Keep both vintages of changed prices.")] = False,
    x_file_name: Annotated[str, Header(max_length=255)] = "settlements.csv",
) -> StreamingResponse:
    """Store a CSV or Parquet file of settlements whole, or not one row of it.

    The body is the file. The answer is one JSON object a line: `progress`, then `done` or
    `failed` with a problem document.
    """
    source = validate_source(f"import:{name}")
    body = await request.body()
    events = _import_events(services, caller, source, unquote(x_file_name), body, revise)
    return StreamingResponse(events, media_type=NDJSON)


async def _import_events(
    services: Services, caller: Principal, source: str, file_name: str, body: bytes, revise: bool
) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_QUEUED_EVENTS)

    def progress(phase: str, rows: int, total: int) -> None:
        # A reader that is slow to take progress loses some of it, never the outcome.
        if not queue.full():
            queue.put_nowait({"event": "progress", "phase": phase, "rows": rows, "total": total})

    work = asyncio.create_task(_import(services, caller, source, file_name, body, revise, progress))
    try:
        while not work.done() or not queue.empty():
            ready = asyncio.create_task(queue.get())
            await asyncio.wait({ready, work}, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                yield _line(ready.result())
            else:
                ready.cancel()
                if queue.empty():
                    break
        yield _line(await work)
    finally:
        work.cancel()


async def _import(
    services: Services,
    caller: Principal,
    source: str,
    file_name: str,
    body: bytes,
    revise: bool,
    progress: Any,
) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        progress("reading", 0, 0)
        table = await asyncio.to_thread(read_table, file_name, body, frozenset(PRODUCTS))
        now = utc_from_ns(services.clock.now_ns())
        async with services.pools.write(caller.org_id) as connection:
            outcome = await settlements.import_table(
                connection, caller.org_id, source, table, revise, now, partial(progress, "storing")
            )
    except HeliostatError as error:
        return {"event": "failed", "problem": document_of(error)}
    return {
        "event": "done",
        "source": source,
        "rows": outcome.rows,
        "stored": outcome.stored,
        "revised": outcome.revised,
        "unchanged": outcome.unchanged,
        "elapsed_s": round(time.perf_counter() - started, 3),
    }


def _line(event: dict[str, Any]) -> bytes:
    return msgspec.json.encode(event) + b"\n"


@router.get("/settlements", dependencies=[needs(Permission.MARKET_READ)])
async def export_settlements(
    caller: PrincipalOf,
    services: ServicesOf,
    source: Annotated[str, Query(description="cme, sandbox or import:NAME.")],
    product: Annotated[str | None, Query(description="One product; unset: all.")] = None,
    accept: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Send the settlements of a source, newest revision of each: CSV, or Arrow if accepted."""
    if product is not None and product not in PRODUCTS:
        raise InvalidInput(field="product", reason=f"product {product!r} is unknown")
    chosen = validate_source(source)
    media_type = ARROW_TYPE if ARROW_TYPE in (accept or "") else CSV_TYPE

    async def body() -> AsyncIterator[bytes]:
        async with services.pools.read(caller.org_id) as connection:
            rows = settlements.export_rows(connection, caller.org_id, chosen, product)
            async for part in encode(rows, media_type):
                yield part

    return StreamingResponse(body(), media_type=media_type)
