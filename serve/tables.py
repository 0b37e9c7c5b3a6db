"""Own the forms in which tables leave: JSON, CSV, Parquet or Arrow, and how a page names the next.

Times are UTC, to the nanosecond for ticks; prices are decimal text, in every form.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
import pyarrow as pa
from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel

from core.market import Quote
from storage.columns import TickPage
from storage.table_files import ARROW_TYPE, CSV_TYPE, JSON_TYPE, PARQUET_TYPE, encode_table

Form = Literal["json", "csv", "parquet", "arrow"]

MEDIA_TYPES: dict[Form, str] = {
    "json": JSON_TYPE,
    "csv": CSV_TYPE,
    "parquet": PARQUET_TYPE,
    "arrow": ARROW_TYPE,
}
NEXT_AFTER = "X-Next-After"
_TIME = pa.timestamp("ns", "UTC")


class Page(BaseModel):
    """Hold where a page's next one is: `next` its address, `next_after` its `after`."""

    next_after: str | None
    next: str | None


def table_answers(model: Any) -> dict[int | str, dict[str, Any]]:
    """Return what the API document says of a route that answers with a table."""
    others = [media_type for form, media_type in MEDIA_TYPES.items() if form != "json"]
    headers = {
        "Link": {"description": "The next page, `rel=next`.", "schema": {"type": "string"}},
        NEXT_AFTER: {"description": "The `after` of the next page.", "schema": {"type": "string"}},
    }
    content: dict[str, Any] = {media_type: {} for media_type in others}
    return {200: {"model": model, "content": content, "headers": headers}}


def choose_form(asked: Form | None, accept: str) -> Form:
    """Return the form asked for, else the first of the Accept header that is ours, else JSON."""
    if asked is not None:
        return asked
    accepted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for media_type in accepted:
        for form, ours in MEDIA_TYPES.items():
            if media_type == ours:
                return form
    return "json"


async def _form(
    asked: Annotated[
        Form | None, Query(alias="format", description="Unset: what the Accept header names first.")
    ] = None,
    accept: Annotated[str, Header()] = "",
) -> Form:
    return choose_form(asked, accept)


FormOf = Annotated[Form, Depends(_form)]


async def table_response(request: Request, page: TickPage, form: Form) -> Response:
    """Answer with one page in the form asked for."""
    headers = {"Vary": "Accept"}
    next_url = None
    if page.next_after is not None:
        kept = [(name, value) for name, value in request.query_params.items() if name != "after"]
        next_url = f"{request.url.path}?{urlencode([*kept, ('after', page.next_after)])}"
        headers |= {"Link": f'<{next_url}>; rel="next"', NEXT_AFTER: page.next_after}
    # A page may be large, and the loop serves others meanwhile.
    body = await asyncio.to_thread(_encode, page, form, next_url)
    return Response(body, media_type=MEDIA_TYPES[form], headers=headers)


def _encode(page: TickPage, form: Form, next_url: str | None) -> bytes:
    body = encode_table(page.table, MEDIA_TYPES[form])
    if form != "json":
        return body
    return msgspec.json.encode(
        {"items": msgspec.Raw(body), "next_after": page.next_after, "next": next_url}
    )


def quotes_table(quotes: Sequence[Quote]) -> pa.Table:
    """Return quotes with the columns of `storage.ticks.read_quotes`."""

    def text(price: object) -> str | None:
        return None if price is None else str(price)

    return pa.table(
        {
            "instrument": pa.array([str(quote.instrument) for quote in quotes], pa.string()),
            "source": pa.array([quote.source for quote in quotes], pa.string()),
            "event_time": pa.array([quote.event_ns for quote in quotes], _TIME),
            "received_time": pa.array([quote.received_ns for quote in quotes], _TIME),
            "session": pa.array([quote.session for quote in quotes], pa.int64()),
            "sequence": pa.array([quote.sequence for quote in quotes], pa.int64()),
            "frame_index": pa.array([quote.frame_index for quote in quotes], pa.int32()),
            "bid": pa.array([text(quote.bid) for quote in quotes], pa.string()),
            "bid_size": pa.array([quote.bid_size for quote in quotes], pa.int64()),
            "ask": pa.array([text(quote.ask) for quote in quotes], pa.string()),
            "ask_size": pa.array([quote.ask_size for quote in quotes], pa.int64()),
        }
    )
