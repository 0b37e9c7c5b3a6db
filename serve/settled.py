"""Own what the routes over stored settlements share: which source, which dates, how it is told.

Prices of two sources are never mixed: an answer has one, and names it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import pyarrow as pa
from fastapi import Depends, Query, Response
from pydantic import BaseModel

from core import products as registry
from core.dates import Day
from core.errors import CurveNotFound, InvalidInput
from core.identity import Principal
from core.market import validate_source
from serve.tables import MEDIA_TYPES, Form
from storage.contract_histories import (
    MAX_YEARS,
    DateRange,
    LoadedContracts,
    load_contracts,
    settled_range,
)
from storage.table_files import encode_table

if TYPE_CHECKING:
    from serve.services import Services

ONE_YEAR = timedelta(days=365)
_PLACES = 8


class IgnoredView(BaseModel):
    """Hold a stored settlement that could not be used, and why."""

    product: str
    date: date
    contract: str
    position: int | None
    price: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatesAsked:
    """Hold the dates and the source that a request names; None is left to the data."""

    first: date | None
    last: date | None
    source: str | None


async def _dates(
    first: Annotated[
        Day | None,
        Query(alias="from", description=f"The first date; at most {MAX_YEARS} years are answered."),
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="The last date; unset: the latest stored.")
    ] = None,
    source: Annotated[
        str | None, Query(description="cme, sandbox or import:NAME; unset: the live one.")
    ] = None,
) -> DatesAsked:
    if first is not None and last is not None and first > last:
        raise InvalidInput(field="from", reason=f"expected at most {last}, was {first}")
    chosen = None if source is None else validate_source(source)
    return DatesAsked(first=first, last=last, source=chosen)


DatesOf = Annotated[DatesAsked, Depends(_dates)]


async def source_of(services: "Services", codes: Sequence[str], asked: str | None) -> str:
    """Return the source asked for, else the one that is live for all of the products.

    Raises:
        UnknownProduct: a product is not in the registry.
        CurveNotFound: none is asked for and a product has no live source.
        InvalidInput: none is asked for and the products are live from different sources.
    """
    for code in codes:
        registry.product(code)
    if asked is not None:
        return asked
    live = await services.market.live_products()
    for code in codes:
        if code not in live:
            raise CurveNotFound(product=code, source="any live source", as_of="today")
    found = sorted({live[code] for code in codes})
    if len(found) > 1:
        reason = f"{', '.join(codes)} are live from {' and '.join(found)}; name the one to read"
        raise InvalidInput(field="source", reason=reason)
    return found[0]


async def read_contracts(
    services: "Services",
    caller: Principal,
    code: str,
    asked: DatesAsked,
    positions: int | Callable[[DateRange], int],
    default: timedelta = ONE_YEAR,
    *,
    with_figures: bool = False,
) -> LoadedContracts:
    """Read the nearest contracts of a product on the dates asked for, by default the last ones.

    How many `positions` are needed may depend on the dates that there are. Volume and open
    interest are read only `with_figures`.

    Raises:
        CurveNotFound: there is no live source, or the source has nothing of the product by then.
        HistoryTooShort: nothing settled within the dates.
        InvalidInput: the dates span too much.
    """
    source = await source_of(services, [code], asked.source)
    async with services.pools.read(caller.org_id) as connection:
        span = await settled_range(
            connection,
            caller.org_id,
            source,
            code,
            first=asked.first,
            last=asked.last,
            default=default,
        )
        count = positions if isinstance(positions, int) else positions(span)
        return await load_contracts(
            connection, caller.org_id, source, code, span, count, with_figures=with_figures
        )


def ignored_views(loaded: LoadedContracts) -> list[IgnoredView]:
    """Return the settlements that were not used, as far as they are named."""
    return [
        IgnoredView(
            product=one.contract.product,
            date=one.trade_date,
            contract=str(one.contract.contract_month),
            position=one.position,
            price=price_text(one.price),
            reason=one.reason,
        )
        for one in loaded.ignored
    ]


def price_text(price: float) -> str:
    """Return a price as decimal text, to the eighth digit after the point."""
    rounded = Decimal(repr(round(price, _PLACES)))
    return f"{rounded.normalize() + 0:f}"


def price_text_or_none(price: float | None) -> str | None:
    """Return a price as decimal text; None, or nan, stays None."""
    return None if price is None or math.isnan(price) else price_text(price)


def in_form(view: BaseModel, rows: pa.Table, form: Form) -> Response:
    """Answer with the whole as JSON, or with its rows in the form asked for."""
    if form == "json":
        body = view.model_dump_json().encode()
    else:
        body = encode_table(rows, MEDIA_TYPES[form])
    return Response(body, media_type=MEDIA_TYPES[form], headers={"Vary": "Accept"})


def row_answers(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Return what the API document says of a route that answers with `in_form`."""
    others = [media_type for form, media_type in MEDIA_TYPES.items() if form != "json"]
    return {200: {"model": model, "content": {media_type: {} for media_type in others}}}
