"""Own what moves with a day of settlements: the states of both models, and the last prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.forecasts import ModelNote
from core.market import ContractMonth
from quant.calendars import business_days, calendar_of, front_month
from quant.forecast.parameters import DensityParameters
from quant.forecast.state import DensityState, update
from quant.product_model.settled import SettledDay
from quant.schwartz_smith.chain import position_groups, position_years
from quant.schwartz_smith.curve_model import CurveModel, CurveState, follow
from quant.schwartz_smith.panel import STEP_YEARS, FuturesRow

Reals = NDArray[np.float64]
Integers = NDArray[np.int64]

POSITIONS = 12
"""Be how many of the nearest contracts a model follows at most."""

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Hold the last settlement of a contract and its trade date."""

    price: float
    on: date


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModelState:
    """Hold a product's model after the settlements of `last_day`; `curve` is None without one."""

    last_day: date
    settled: Mapping[ContractMonth, Settled]
    density: DensityState
    curve: CurveState | None

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values, which hold every bit of it."""
        return {
            "last_day": self.last_day.isoformat(),
            "settled": [
                [str(month), one.price, one.on.isoformat()]
                for month, one in sorted(self.settled.items())
            ],
            "density": self.density.to_json(),
            "curve": None if self.curve is None else self.curve.to_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` was called on."""
        curve = values["curve"]
        return cls(
            last_day=date.fromisoformat(values["last_day"]),
            settled={
                ContractMonth.parse(month): Settled(price=float(price), on=date.fromisoformat(day))
                for month, price, day in values["settled"]
            },
            density=DensityState.from_json(values["density"]),
            curve=None if curve is None else CurveState.from_json(curve),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProductFit:
    """Hold what one estimate found, and the state from which the days after it are followed.

    `fitted_through` is the last day that the estimate has seen, and `notes` tell of its fallbacks.
    """

    fit_id: UUID
    product: str
    fitted_through: date
    density: DensityParameters
    curve: CurveModel | None
    begin: ModelState
    notes: tuple[ModelNote, ...] = ()

    @property
    def positions(self) -> int:
        """Return how many of the nearest contracts are followed."""
        return len(self.density.positions)

    def months(self, day: date) -> tuple[ContractMonth, ...]:
        """Return the delivery months of positions 1, 2, … on a day."""
        front = front_month(self.product, day)
        return tuple(front.plus(place) for place in range(self.positions))

    def to_json(self) -> dict[str, Any]:
        """Return the estimate as JSON-ready values."""
        return {
            "fit_id": str(self.fit_id),
            "product": self.product,
            "fitted_through": self.fitted_through.isoformat(),
            "density": self.density.to_json(),
            "curve": None if self.curve is None else self.curve.to_json(),
            "begin": self.begin.to_json(),
            "notes": [[note.code, note.detail] for note in self.notes],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the estimate that `to_json` was called on."""
        curve = values["curve"]
        return cls(
            fit_id=UUID(values["fit_id"]),
            product=values["product"],
            fitted_through=date.fromisoformat(values["fitted_through"]),
            density=DensityParameters.from_json(values["density"]),
            curve=None if curve is None else CurveModel.from_json(curve),
            begin=ModelState.from_json(values["begin"]),
            notes=tuple(ModelNote(code=code, detail=detail) for code, detail in values["notes"]),
        )


def advance(fit: ProductFit, state: ModelState, day: SettledDay) -> ModelState:
    """Return the state after a day's settlements; `state` is left as it is.

    A contract without a settlement of the day is missing in both models, and one whose price is
    not positive in the curve model. A day on which no followed contract settled changes nothing.

    Raises:
        InvalidInput: the day is not after the last one.
    """
    months = fit.months(day.trade_date)
    prices = prices_of(day, months)
    if np.isnan(prices).all():
        return state
    last = state.last_day
    previous = np.array([_price_on(state.settled.get(month), last) for month in months])
    settled = {month: one for month, one in state.settled.items() if month >= months[0]}
    settled.update(
        (month, Settled(price=one.price, on=day.trade_date))
        for month, one in day.settlements.items()
        if months[0] <= month
    )
    return ModelState(
        last_day=day.trade_date,
        settled=settled,
        density=update(fit.density, state.density, day.trade_date, prices - previous),
        curve=_curve_after(fit, state, day.trade_date, months, prices),
    )


def prices_of(day: SettledDay, months: tuple[ContractMonth, ...]) -> Reals:
    """Return the settlements of contracts on a day (months,), nan where there is none."""
    found = (day.settlements.get(month) for month in months)
    return np.array([np.nan if one is None else one.price for one in found])


def _price_on(settled: Settled | None, day: date) -> float:
    return settled.price if settled is not None and settled.on == day else float("nan")


def _curve_after(
    fit: ProductFit,
    state: ModelState,
    day: date,
    months: tuple[ContractMonth, ...],
    prices: Reals,
) -> CurveState | None:
    if fit.curve is None or state.curve is None:
        return None
    years, groups, step = _terms(fit.product, state.last_day, day, len(months))
    row = FuturesRow(
        log_prices=np.log(np.where(prices > 0.0, prices, np.nan)),
        years=years,
        groups=groups,
        step=step,
    )
    return follow(fit.curve, state.curve, row, np.array([month.month - 1 for month in months]))


@lru_cache(maxsize=64)
def _terms(product: str, last: date, day: date, positions: int) -> tuple[Reals, Integers, float]:
    """Return years to expiry, noise groups and the step in years: the same all day long."""
    passed = business_days(last + _ONE_DAY, day, calendar_of(product))
    years, groups = position_years(product, day, positions), position_groups(positions)
    years.setflags(write=False)
    groups.setflags(write=False)
    return years, groups, max(1, len(passed)) * STEP_YEARS
