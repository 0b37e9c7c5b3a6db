"""Own the forward curve of a past day from stored settlements, with what is doubtful about it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from core.errors import CurveNotFound, HistoryTooShort
from core.identity import Principal
from core.market import ContractMonth, Curve, CurvePoint
from quant.curves import settled_points
from quant.forward_curve import CurveNode, ForwardCurve, curve_as_of
from quant.symbology import position_of
from serve.services import Services
from serve.settled import price_text, source_of
from storage import settlements
from storage.contract_histories import (
    MAX_POSITIONS,
    LoadedContracts,
    load_contracts,
    settled_range,
)

# What may be stale or repeated lies within two weeks; holidays may fall into them.
_WINDOW = timedelta(days=21)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SettledCurve:
    """Hold the curve of the last day that settled, as it is served and as it is computed with."""

    curve: Curve
    forward: ForwardCurve
    loaded: LoadedContracts


async def settled_curve(
    services: Services, caller: Principal, code: str, as_of: date | None, source: str | None
) -> SettledCurve:
    """Return the curve of the last business day at or before a date on which anything settled.

    Contracts that settled only a few days before are on it, marked as stale.

    Raises:
        CurveNotFound: there is no such day, or neither a source nor a live one.
    """
    chosen = await source_of(services, [code], source)
    org_id = caller.org_id
    async with services.pools.read(org_id) as connection:
        span = await settled_range(
            connection, org_id, chosen, code, first=None, last=as_of, default=_WINDOW
        )
        try:
            loaded = await load_contracts(connection, org_id, chosen, code, span, MAX_POSITIONS)
        except HistoryTooShort:
            when = str(as_of or "today")
            raise CurveNotFound(product=code, source=chosen, as_of=when) from None
        day = loaded.history.dates[-1]
        rows = await settlements.curve_rows(connection, org_id, chosen, code, day)
    forward = curve_as_of(loaded.history, day)
    # A row by month, which sorts last, goes before one by its position.
    ordered = sorted(rows, key=lambda row: row.contract_month)
    exact = settled_points(
        code, day, [(row.contract_month, row.position, row.price) for row in ordered]
    )
    settled = {point.contract_month: point for point in exact}
    curve = Curve(
        product=code,
        source=chosen,
        as_of=day,
        as_of_ns=0,
        version=0,
        live=False,
        gap=False,
        points=tuple(_point(node, day, settled) for node in forward.nodes),
    )
    return SettledCurve(curve=curve, forward=forward, loaded=loaded)


def _point(node: CurveNode, day: date, settled: Mapping[ContractMonth, CurvePoint]) -> CurvePoint:
    month = node.contract.contract_month
    if node.settled_on == day:
        return replace(settled[month], is_stale=node.is_stale)
    price = Decimal(price_text(node.price))
    return CurvePoint(
        position=position_of(node.contract, day),
        contract_month=month,
        last_trade_date=node.last_trade_date,
        price=price,
        basis="settlement",
        settlement=price,
        is_stale=True,
    )
