"""Own how a forward curve is told over HTTP."""

from collections.abc import Mapping
from datetime import date, datetime

from pydantic import BaseModel

from core import products as registry
from core.clock import utc_from_ns
from core.market import Curve, CurvePoint, Instrument
from serve.settled import IgnoredView

_NOTHING: Mapping[Instrument, date] = {}


class CurvePointView(BaseModel):
    """Hold one contract on a curve; `basis` names where `price` comes from.

    `is_stale`: a live one is silent for too long, a settled one is of the day `settled_on` before
    or repeats what settled for days. `is_suspect`: no fresh quote since a gap.
    """

    position: int
    contract: str
    symbol: str
    last_trade_date: date
    price: str
    basis: str
    bid: str | None
    ask: str | None
    last: str | None
    settlement: str | None
    event_time: datetime | None
    is_stale: bool
    is_suspect: bool
    settled_on: date | None


class CurveView(BaseModel):
    """Hold a forward curve, front month first. `gap` tells of an interrupted stream.

    Of a settled curve `absent` names the delivery months without a price young enough, and of
    `ignored_rows` stored settlements that could not be used some are in `ignored`.
    """

    product: str
    source: str
    as_of: date
    as_of_time: datetime | None
    version: int
    live: bool
    gap: bool
    currency: str
    price_unit: str
    points: list[CurvePointView]
    absent: list[str]
    ignored: list[IgnoredView]
    ignored_rows: int


def curve_view(curve: Curve, settled_on: Mapping[Instrument, date] = _NOTHING) -> CurveView:
    """Return how a curve is told; of a past one `settled_on` tells when each contract did."""
    product = registry.product(curve.product)
    return CurveView(
        product=curve.product,
        source=curve.source,
        as_of=curve.as_of,
        as_of_time=utc_from_ns(curve.as_of_ns) if curve.live else None,
        version=curve.version,
        live=curve.live,
        gap=curve.gap,
        currency=product.currency,
        price_unit=product.price_unit,
        points=[_point(curve.product, point, settled_on) for point in curve.points],
        absent=[],
        ignored=[],
        ignored_rows=0,
    )


def _point(
    product: str, point: CurvePoint, settled_on: Mapping[Instrument, date]
) -> CurvePointView:
    contract = Instrument(product, point.contract_month)

    def text(price: object) -> str | None:
        return None if price is None else str(price)

    return CurvePointView(
        position=point.position,
        contract=str(point.contract_month),
        symbol=contract.symbol,
        last_trade_date=point.last_trade_date,
        price=str(point.price),
        basis=point.basis,
        bid=text(point.bid),
        ask=text(point.ask),
        last=text(point.last),
        settlement=text(point.settlement),
        event_time=None if point.event_ns is None else utc_from_ns(point.event_ns),
        is_stale=point.is_stale,
        is_suspect=point.is_suspect,
        settled_on=settled_on.get(contract),
    )
