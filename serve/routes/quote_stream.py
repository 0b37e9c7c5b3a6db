"""Own the stream of quotes."""

import re
from collections.abc import AsyncIterable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from core import products as registry
from core.errors import InvalidInput
from serve.keys import CallerOf
from serve.services import ServicesOf

router = APIRouter(tags=["streams"])

HEARTBEAT_MS = 5_000
READ_COUNT = 500
# The cache refuses numbers beyond 64 bits, so they are refused here first.
_ENTRY_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}|\$")


async def _start(
    caller: CallerOf,
    products: Annotated[str, Query(description="Product codes, separated by commas.")] = "CL",
    last_event_id: Annotated[str | None, Header()] = None,
) -> dict[str, str]:
    """Return after which entry to read each product; checked before the answer begins."""
    del caller
    codes = [registry.product(code.strip()).code for code in products.split(",")]
    return _positions(last_event_id, codes)


@router.get("/quotes", response_class=EventSourceResponse)
async def stream_quotes(
    position: Annotated[dict[str, str], Depends(_start)],
    services: ServicesOf,
    max_events: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> AsyncIterable[ServerSentEvent]:
    """Send quotes, trades, settlements and gap markers as they arrive, decimals as text.

    Resumes after `Last-Event-ID` as far as the cache still holds the stream. `max_events` ends
    the stream after so many.
    """
    sent = 0
    while True:
        arrived = await services.cache.read_quotes(position, HEARTBEAT_MS, READ_COUNT)
        if not arrived:
            yield ServerSentEvent(data={}, event="heartbeat")
        for product, entry_id, payload in arrived:
            position[product] = entry_id
            fields = msgspec.json.decode(payload)
            yield ServerSentEvent(data=fields, event=fields.pop("event"), id=_event_id(position))
            sent += 1
            if max_events is not None and sent >= max_events:
                return


def _event_id(position: dict[str, str]) -> str:
    return ",".join(f"{code}:{entry_id}" for code, entry_id in position.items())


def _positions(last_event_id: str | None, codes: list[str]) -> dict[str, str]:
    """Return after which entry to read each product's stream; `$` is what comes from now on."""
    position = dict.fromkeys(codes, "$")
    for part in (last_event_id or "").split(","):
        if not part:
            continue
        code, _, entry_id = part.partition(":")
        if not _ENTRY_ID.fullmatch(entry_id):
            raise InvalidInput(
                field="Last-Event-ID", reason=f"expected ids this stream has sent, was {part!r}"
            )
        if code in position:
            position[code] = entry_id
    return position
