"""Own stress tests: what a book gains if curves and volatilities move as somebody says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.books import Position
from core.errors import InvalidInput
from core.market import Instrument
from quant.risk.exposures import Exposures, exposures
from quant.risk.factor_history import curve_position
from quant.risk.market import Market

Reals = NDArray[np.float64]


class ShockUnit(StrEnum):
    """Say whether a shock is in what is quoted, or in hundredths of it."""

    POINTS = "points"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveShock:
    """Move a product's curve by `values` at `positions`, in between linearly, beyond as at the end.

    Percent are of the size of the price, so that a rise lifts a negative price too.

    Raises:
        InvalidInput: positions do not rise from 1, are not as many as values, or a value is not
            finite.
    """

    product: str
    unit: ShockUnit
    positions: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.positions) != len(self.values) or not self.positions:
            reason = f"expected one for each of {self.positions}, were {self.values}"
            raise InvalidInput(field="values", reason=reason)
        if self.positions[0] < 1 or any(np.diff(self.positions) <= 0):
            reason = f"expected numbers that rise from 1, were {self.positions}"
            raise InvalidInput(field="positions", reason=reason)
        if not np.isfinite(self.values).all():
            raise InvalidInput(field="values", reason="expected finite numbers only")

    def change(self, position: int, price: float) -> float:
        """Return by how many points the price at a position moves."""
        value = float(np.interp(position, self.positions, self.values))
        return value if self.unit is ShockUnit.POINTS else value / 100.0 * abs(price)


def parallel(product: str, value: float, unit: ShockUnit = ShockUnit.POINTS) -> CurveShock:
    """Return a shock that moves all of a curve alike."""
    return CurveShock(product=product, unit=unit, positions=(1,), values=(value,))


def steepening(
    product: str, front: float, back: float, last: int, unit: ShockUnit = ShockUnit.POINTS
) -> CurveShock:
    """Return a shock of `front` at position 1 that turns linearly into `back` at position `last`.

    Raises:
        InvalidInput: `last` is not above 1.
    """
    return CurveShock(product=product, unit=unit, positions=(1, last), values=(front, back))


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityShock:
    """Move every volatility of a product by points, as 0.10 from 30 % to 40 %, or by percent."""

    product: str
    unit: ShockUnit
    value: float

    def shocked(self, volatility: Reals) -> Reals:
        """Return volatilities after the shock.

        Raises:
            InvalidInput: one would not be above 0, or is not finite.
        """
        if self.unit is ShockUnit.POINTS:
            moved = volatility + self.value
        else:
            moved = volatility * (1.0 + self.value / 100.0)
        if not (np.isfinite(moved).all() and (moved > 0.0).all()):
            reason = f"{self.value:g} {self.unit.value} leaves {self.product} without volatility"
            raise InvalidInput(field="value", reason=reason)
        return moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """Name a scenario: its shocks, when it was, if ever, and where its figures are from.

    Raises:
        InvalidInput: a product has two shocks of one sort.
    """

    name: str
    title: str
    curves: tuple[CurveShock, ...]
    volatilities: tuple[VolatilityShock, ...] = ()
    first: date | None = None
    last: date | None = None
    origin: str = ""

    def __post_init__(self) -> None:
        for field in ("curves", "volatilities"):
            products = [shock.product for shock in getattr(self, field)]
            if len(set(products)) != len(products):
                raise InvalidInput(field=field, reason=f"names a product twice: {products}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StressResult:
    """Hold what P positions gain in a scenario, in dollars, and how far F factors move, in points.

    `untouched` factors belong to products that the scenario says nothing about. At those in
    `floored` a price under Black-76 falls to 0 or below: options are worth what they would pay.
    """

    name: str
    pnl: float
    by_position: Reals
    labels: tuple[str, ...]
    factors: tuple[Instrument, ...]
    changes: Reals
    untouched: tuple[Instrument, ...]
    floored: tuple[Instrument, ...]


def stress_test(positions: Sequence[Position], market: Market, stress: Stress) -> StressResult:
    """Revalue a book with all prices and volatilities of a scenario moved at once.

    No time passes. Positions on the curve are those of the market's day.

    Raises:
        UnknownInstrument, ModelNotApplicable: the book cannot be valued as it stands.
        InvalidInput: so too, or a volatility would not stay above 0.
    """
    book = exposures(positions, market)
    by_product = {shock.product: shock for shock in stress.curves}
    changes = np.array(
        [
            by_product[factor.product].change(curve_position(factor, market.as_of), price)
            if factor.product in by_product
            else 0.0
            for factor, price in zip(book.factors, book.prices.tolist(), strict=True)
        ]
    )
    by_position = _gains(book, changes, _shocked(book, stress))
    return StressResult(
        name=stress.name,
        pnl=float(by_position.sum()),
        by_position=by_position,
        labels=book.labels,
        factors=book.factors,
        changes=changes,
        untouched=tuple(each for each in book.factors if each.product not in by_product),
        floored=_floored(book, changes),
    )


def _shocked(book: Exposures, stress: Stress) -> Reals:
    """Return the deviations of options (O,) after the shocks to volatility."""
    deviations = book.options.deviations.copy()
    products = np.array([book.factors[factor].product for factor in book.option_factors])
    for shock in stress.volatilities:
        chosen = products == shock.product
        quotes = book.option_volatilities[chosen]
        deviations[chosen] *= shock.shocked(quotes) / quotes
    return deviations


def _gains(book: Exposures, changes: Reals, deviations: Reals) -> Reals:
    now = book.prices[book.option_factors]
    after = replace(book.options, deviations=deviations).values(now + changes[book.option_factors])
    gained = (after - book.options.values(now)) * book.option_dollars
    held = book.leg_dollars * changes[book.leg_factors]
    return book.by_position(held, gained)


def _floored(book: Exposures, changes: Reals) -> tuple[Instrument, ...]:
    low = book.prices + changes <= 0.0
    lognormal = np.unique(book.option_factors[book.options.lognormal])
    return tuple(book.factors[factor] for factor in lognormal if low[factor])
