"""Own how a forward curve is made: from live events one by one, or from stored settlements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from core.market import (
    ContractMonth,
    CurvePoint,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    SettlementStage,
    Trade,
)
from quant.calendars import front_month, last_trade_date, listed_contracts


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractState:
    """Hold the newest that is known of one contract."""

    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    settlement: Decimal | None = None
    settlement_date: date | None = None
    settlement_stage: SettlementStage = SettlementStage.PRELIMINARY
    settlement_ns: int = 0
    quote_ns: int = 0
    quote_order: tuple[int, int, int] = (0, 0, 0)
    trade_ns: int = 0

    @property
    def event_ns(self) -> int | None:
        return max(self.quote_ns, self.trade_ns) or None


def merge(state: ContractState, event: MarketEvent) -> ContractState:
    """Return the state after one event; an older one than the last of its kind changes nothing.

    Quotes of one moment are compared by their session and sequence. A settlement is compared by
    its trade date, because it is announced after quotes of the next session may have arrived; of
    one date, a preliminary price never replaces a final one.
    """
    if isinstance(event, Settlement):
        return state if _is_settled_past(state, event) else _settled(state, event)
    if isinstance(event, Quote):
        order = (event.session, event.sequence, event.frame_index)
        if (event.event_ns, order) < (state.quote_ns, state.quote_order):
            return state
        return replace(
            state, bid=event.bid, ask=event.ask, quote_ns=event.event_ns, quote_order=order
        )
    if isinstance(event, Trade) and event.event_ns >= state.trade_ns:
        return replace(state, last=event.price, trade_ns=event.event_ns)
    return state


def _is_settled_past(state: ContractState, event: Settlement) -> bool:
    if state.settlement_date is None or event.trade_date > state.settlement_date:
        return False
    if event.trade_date < state.settlement_date or event.event_ns < state.settlement_ns:
        return True
    preliminary = SettlementStage.PRELIMINARY
    return event.stage is preliminary and state.settlement_stage is not preliminary


def _settled(state: ContractState, event: Settlement) -> ContractState:
    return replace(
        state,
        settlement=event.price,
        settlement_date=event.trade_date,
        settlement_stage=event.stage,
        settlement_ns=event.event_ns,
    )


def with_settlement_of(state: ContractState, stored: ContractState) -> ContractState:
    """Return `state` with the settlement of `stored`, unless that of `state` has come further."""
    if _progress(state) > _progress(stored):
        return state
    return replace(
        state,
        settlement=stored.settlement,
        settlement_date=stored.settlement_date,
        settlement_stage=stored.settlement_stage,
        settlement_ns=stored.settlement_ns,
    )


def _progress(state: ContractState) -> tuple[date, int]:
    stages = list(SettlementStage)
    return state.settlement_date or date.min, stages.index(state.settlement_stage)


def best_price(state: ContractState) -> tuple[Decimal, str] | None:
    """Return the best price known and its basis, or None where nothing is known.

    The mid of a two-sided quote stands before the last trade, and that before the settlement.
    """
    if state.bid is not None and state.ask is not None:
        return (state.bid + state.ask) / 2, "mid"
    if state.last is not None:
        return state.last, "last"
    if state.settlement is not None:
        return state.settlement, "settlement"
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """Name the contracts without a fresh quote since a gap, and those silent for too long."""

    suspect: frozenset[ContractMonth] = frozenset()
    stale: frozenset[ContractMonth] = frozenset()


NO_DOUBTS = Doubts()


def live_points(
    product: str,
    states: Mapping[ContractMonth, ContractState],
    today: date,
    doubts: Doubts = NO_DOUBTS,
) -> tuple[CurvePoint, ...]:
    """Order the contracts still listed on `today` by position, the front month first.

    A listed contract without any price is left out and keeps its position.
    """
    if not states:
        return ()
    horizon = max(states)
    points = []
    count = _months_between(today, horizon) + 2
    for position, instrument in enumerate(listed_contracts(product, today, count), start=1):
        state = states.get(instrument.contract_month)
        priced = None if state is None else best_price(state)
        if state is None or priced is None:
            continue
        points.append(
            CurvePoint(
                position=position,
                contract_month=instrument.contract_month,
                last_trade_date=last_trade_date(instrument),
                price=priced[0],
                basis=priced[1],
                bid=state.bid,
                ask=state.ask,
                last=state.last,
                settlement=state.settlement,
                event_ns=state.event_ns,
                is_suspect=instrument.contract_month in doubts.suspect,
                is_stale=instrument.contract_month in doubts.stale,
            )
        )
    return tuple(points)


def settled_points(
    product: str, trade_date: date, rows: Iterable[tuple[int, int, Decimal]]
) -> tuple[CurvePoint, ...]:
    """Make curve points of the settlements of one date.

    `rows` hold (contract month as YYYYMM or 0, position or 0, price); exactly one of the first
    two is set. Positions are turned into contract months by the product's expiry rule; a contract
    that traded no more on the date is left out.
    """
    front = front_month(product, trade_date)
    points = []
    for month_number, position, price in rows:
        if month_number:
            month = ContractMonth(month_number // 100, month_number % 100)
            place = (month.year - front.year) * 12 + month.month - front.month + 1
            if place < 1:
                continue
        else:
            month, place = front.plus(position - 1), position
        points.append(
            CurvePoint(
                position=place,
                contract_month=month,
                last_trade_date=last_trade_date(Instrument(product, month)),
                price=price,
                basis="settlement",
                settlement=price,
            )
        )
    return tuple(sorted(points, key=lambda point: point.position))


def _months_between(today: date, month: ContractMonth) -> int:
    return max(0, (month.year - today.year) * 12 + month.month - today.month)
