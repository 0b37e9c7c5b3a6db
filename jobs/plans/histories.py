"""Own how stored settlements become daily dollar changes, and those a problem to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.products import product
from core.specifications.contracts import ContractChoice, ContractWindow
from jobs.plans.vintages import vintage_of
from quant.continuous import SettlementHistory, held_changes
from quant.portfolio_problem import PortfolioProblem, build_problem
from storage.settlement_windows import HistoryRequest, LoadedHistories

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Name one position (1 is the front month) of a product, and what asked for it."""

    product: str
    position: int
    field: str = "of"

    @property
    def label(self) -> str:
        return f"{self.product}{self.position:02d}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """Hold daily changes (days, series) in dollars per contract, of one window of one source.

    `first` and `last` are the dates of the first and last change; `vintage` names source, moment
    of storage and a digest of the prices of every product read.
    """

    values: Reals
    first: date
    last: date
    vintage: str

    def to_json(self) -> dict[str, object]:
        """Return where the changes come from as JSON-ready values."""
        return {
            "window": {
                "first": self.first.isoformat(),
                "last": self.last.isoformat(),
                "days": len(self.values),
            },
            "vintage": self.vintage,
        }


def contracts_of(specification: ContractWindow) -> tuple[Series, ...]:
    """Return the contracts to choose from, product by product, nearest first."""
    return tuple(
        Series(product=code, position=position)
        for code in specification.products
        for position in range(1, specification.positions_per_product + 1)
    )


def history_request(specification: ContractWindow, beside: Sequence[Series] = ()) -> HistoryRequest:
    """Ask for the settlements of every contract to choose from, and of the series `beside` them.

    Raises:
        InvalidInput: no source was chosen.
    """
    codes = (*specification.products, *(series.product for series in beside))
    positions = (specification.positions_per_product, *(series.position for series in beside))
    return HistoryRequest(
        products=tuple(dict.fromkeys(codes)),
        positions=max(positions),
        source=specification.settled_source,
        as_of=specification.as_of,
        days=specification.window_days,
    )


def require_loaded(loaded: LoadedHistories | None) -> LoadedHistories:
    """Return the histories that were asked for.

    Raises:
        InvalidInput: they were not read; names `source`.
    """
    if loaded is None:
        raise InvalidInput(field="source", reason="no settlements were read")
    return loaded


def dollar_changes(
    specification: ContractWindow, series: Sequence[Series], loaded: LoadedHistories
) -> Changes:
    """Return what one contract of each series gained and lost, day by day.

    The days used are those on which every product settled. A change is the contract size times
    the price change of a held contract.

    Raises:
        InvalidInput: too few common days, or a contract asked for has no price on one of them.
    """
    histories = {history.product: history for history in loaded.histories}
    common = sorted(set.intersection(*(set(each.dates) for each in histories.values())))
    for one in sorted(series, key=lambda each: each.position, reverse=True):
        _require_contract(one, histories[one.product], common)
    needed = specification.window_days + 1
    if len(common) < needed:
        raise InvalidInput(
            field="window_days",
            reason=f"{', '.join(histories)} share {len(common)} settlement dates "
            f"in {specification.source}, {needed} are needed",
        )
    days = tuple(common[-needed:])
    changes = {
        code: _changes_of(histories[code], days, [one for one in series if one.product == code])
        for code in {one.product for one in series}
    }
    return Changes(
        values=np.stack([changes[one.product][:, one.position - 1] for one in series], axis=1),
        first=days[1],
        last=days[-1],
        vintage=_vintage(specification, loaded, days),
    )


def pose_portfolio(specification: ContractChoice, loaded: LoadedHistories) -> PortfolioProblem:
    """Estimate the portfolio problem of a specification from loaded settlements.

    Raises:
        InvalidInput: too few common days, a contract asked for has no price on one of them, or
            none of the prices moves.
    """
    series = contracts_of(specification)
    changes = dollar_changes(specification, series, loaded)
    return build_problem(
        labels=tuple(one.label for one in series),
        changes=changes.values,
        q=specification.risk_aversion,
        k=specification.choose,
        first=changes.first,
        last=changes.last,
        vintage=changes.vintage,
    )


def _require_contract(series: Series, history: SettlementHistory, common: list[date]) -> None:
    if not common:
        return
    last = common[-1]
    available = int(np.isfinite(history.settlements[history.dates.index(last)]).sum())
    if series.position > available:
        raise InvalidInput(
            field=series.field,
            reason=f"{series.product} has {available} contracts on {last}, "
            f"{series.position} were asked for",
        )


def _changes_of(
    history: SettlementHistory, days: tuple[date, ...], series: Sequence[Series]
) -> Reals:
    """Return the changes (days − 1, positions) of one product, in dollars per contract."""
    positions = max(one.position for one in series)
    changes = held_changes(history.product, days, _prices(history, days), positions)
    wanted = [one.position - 1 for one in series]
    missing = np.argwhere(~np.isfinite(changes[:, wanted]))
    if len(missing):
        day, column = missing[0]
        raise InvalidInput(
            field="window_days",
            reason=f"{history.product} position {wanted[column] + 1} "
            f"has no change on {days[day + 1]}",
        )
    size = product(history.product).contract_size
    if size is None:
        raise InvalidInput(
            field="products",
            reason=f"the contract size of {history.product} depends on the month; "
            "it cannot be chosen from yet",
        )
    return changes * float(size)


def _prices(history: SettlementHistory, days: tuple[date, ...]) -> Reals:
    row_of = {day: row for row, day in enumerate(history.dates)}
    return history.settlements[[row_of[day] for day in days]]


def _vintage(specification: ContractWindow, loaded: LoadedHistories, days: tuple[date, ...]) -> str:
    prices = ((history.product, _prices(history, days)) for history in loaded.histories)
    return vintage_of(str(specification.source), loaded.recorded_until, prices)
