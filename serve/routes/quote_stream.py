"""Own the market stream as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from core.errors import SourceUnavailable
from core.identity import Permission
from core.logs import get_logger
from serve.identity.access import needs
from serve.market_stream import as_server_sent, follow, read_products, start_positions
from serve.services import Services, ServicesOf

log = get_logger(__name__)
router = APIRouter(tags=["streams"], dependencies=[needs(Permission.MARKET_READ)])

# Nginx and its like would otherwise hold events back.
UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
SEND_WITHIN_S = 30.0
"""A reader that takes nothing for so long is let go; what waits for it until then is one batch."""


class EventStream(StreamingResponse):
    """Send chunks as server-sent events; end for a reader that has stopped reading."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_WITHIN_S):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            log.info("stream.unread", within_s=SEND_WITHIN_S)
        except SourceUnavailable as error:
            # The answer has begun; left without its end, it tells the reader to resume.
            log.warning("stream.ended", reason=error.detail)


async def _start(
    products: Annotated[str, Query(description="Product codes, separated by commas.")] = "CL",
    last_event_id: Annotated[str | None, Header()] = None,
) -> dict[str, str]:
    """Return after which entry to read each product; checked before the answer begins."""
    return start_positions(last_event_id, read_products(products))


@router.get("/quotes", response_class=EventStream)
async def stream_quotes(
    positions: Annotated[dict[str, str], Depends(_start)],
    services: ServicesOf,
    max_events: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="End after so many, heartbeats aside.")
    ] = None,
) -> EventStream:
    """Send quotes, trades, settlements and marks as they arrive, decimals as text.

    Marks are `gap` and `healed`, `stale` and `fresh`; a mark without instruments concerns every
    one of its venue. Each event's id resumes the stream after it, by `Last-Event-ID`. What is no
    longer kept by then is marked by a `gap` of the reason `trimmed`: read the latest quotes anew.
    A reader far behind is sent only the newest quote of each contract, beside all that is no
    quote, and `conflated` says how many were `left_out`. Without news a `heartbeat` comes every
    5 s. A reader that takes nothing for 30 s is let go.
    """
    return EventStream(_chunks(services, positions, max_events), headers=UNBUFFERED)


async def _chunks(
    services: Services, positions: dict[str, str], max_events: int | None
) -> AsyncIterator[bytes]:
    async with aclosing(follow(services.cache, positions, max_events)) as batches:
        async for batch in batches:
            yield b"".join(map(as_server_sent, batch))
