"""Own spreads between prices: calendar, crack, spark and clean spark, each with its unit.

Prices may be negative throughout. A spread has the dates on which every leg has a price.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.units import PriceUnit, converted

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceSeries:
    """Hold prices (dates,) of one thing in one unit; nan is missing. Dates rise strictly.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, or a price is infinite.
    """

    name: str
    dates: tuple[date, ...]
    prices: Reals
    unit: PriceUnit

    def __post_init__(self) -> None:
        if self.prices.shape != (len(self.dates),):
            reason = f"expected shape ({len(self.dates)},), was {self.prices.shape}"
            raise InvalidInput(field=self.name, reason=reason)
        if any(later <= earlier for earlier, later in pairwise(self.dates)):
            raise InvalidInput(field=self.name, reason="expected rising dates")
        if np.isinf(self.prices).any():
            raise InvalidInput(field=self.name, reason="expected finite prices, nan where missing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Hold one side of a spread: `weight` times a series, negative if it is sold.

    `exchange_rate` is what one unit of its currency is worth in the spread's, `content` how many
    of the spread's units one of its own holds where these measure different things.
    """

    series: PriceSeries
    weight: float
    exchange_rate: float | None = None
    content: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spread:
    """Hold a spread (dates,) in one unit; None where it is a pure ratio.

    `missing` names the dates that a leg has and that are left out, since another leg lacks a price
    then, or since the ratio is undefined.
    """

    name: str
    dates: tuple[date, ...]
    values: Reals
    unit: PriceUnit | None
    missing: tuple[date, ...]


def spread(name: str, legs: Sequence[Leg], unit: PriceUnit) -> Spread:
    """Return the weighted sum of the legs, each converted to `unit`.

    Raises:
        InvalidInput: there is no leg, or a weight, rate or content is not a proper number.
        ModelNotApplicable: a leg's currency is another and it has no exchange rate, or its unit
            measures something else and it has no content.
        HistoryTooShort: the legs have no price on a common date.
    """
    if not legs:
        raise InvalidInput(field="legs", reason="expected at least one")
    for leg in legs:
        if not np.isfinite(leg.weight):
            raise InvalidInput(field=leg.series.name, reason=f"has weight {leg.weight}")
    dates, columns, missing = _on_common_dates(name, [leg.series for leg in legs])
    parts = [
        leg.weight
        * converted(
            prices, leg.series.unit, unit, exchange_rate=leg.exchange_rate, content=leg.content
        )
        for leg, prices in zip(legs, columns, strict=True)
    ]
    return Spread(name=name, dates=dates, values=np.sum(parts, axis=0), unit=unit, missing=missing)


def calendar_spread(near: PriceSeries, far: PriceSeries) -> Spread:
    """Return near − far in the unit of `near`: above zero in backwardation.

    Raises:
        ModelNotApplicable: the units cannot be converted.
        HistoryTooShort: they have no price on a common date.
    """
    return spread(
        f"{near.name} − {far.name}",
        (Leg(series=near, weight=1.0), Leg(series=far, weight=-1.0)),
        near.unit,
    )


def crack_spread(
    crude: PriceSeries,
    gasoline: PriceSeries,
    distillate: PriceSeries,
    ratio: tuple[int, int, int] = (3, 2, 1),
) -> Spread:
    """Return what refining one unit of crude earns, in the unit of `crude`.

    A ratio c:g:d makes g of gasoline and d of distillate from c of crude:
    (g · gasoline + d · distillate − c · crude) / c. The usual ones are 3:2:1 and 2:1:1; 1:1:0 and
    1:0:1 are the cracks of one product.

    Raises:
        InvalidInput: a part of the ratio is negative, or g + d is not c.
        ModelNotApplicable: the units cannot be converted.
        HistoryTooShort: they have no price on a common date.
    """
    made_of, light, middle = ratio
    if made_of < 1 or min(light, middle) < 0 or light + middle != made_of:
        reason = f"expected c:g:d with g + d = c, was {made_of}:{light}:{middle}"
        raise InvalidInput(field="ratio", reason=reason)
    legs = [Leg(series=crude, weight=-1.0)]
    for series, part in ((gasoline, light), (distillate, middle)):
        if part:
            legs.append(Leg(series=series, weight=part / made_of))
    return spread(f"{made_of}:{light}:{middle} crack of {crude.name}", legs, crude.unit)


def spark_spread(
    power: PriceSeries,
    gas: PriceSeries,
    *,
    heat_rate_mmbtu_per_mwh: float,
    exchange_rate: float | None = None,
) -> Spread:
    """Return what burning gas for one MWh of power earns: power − heat rate · gas, per MWh.

    The heat rate is of the higher heating value, by which gas is priced. `exchange_rate` is what
    one unit of the gas's currency is worth in the power's.

    Raises:
        InvalidInput: the heat rate is not above 0.
        ModelNotApplicable: power is not priced by energy or gas is not, or their currencies
            differ and no rate is given.
        HistoryTooShort: they have no price on a common date.
    """
    legs = _spark_legs(power, gas, heat_rate_mmbtu_per_mwh, exchange_rate)
    return spread(f"spark of {power.name} and {gas.name}", legs, _per_mwh(power.unit))


def clean_spark_spread(
    power: PriceSeries,
    gas: PriceSeries,
    carbon: PriceSeries,
    *,
    heat_rate_mmbtu_per_mwh: float,
    emission_t_per_mwh: float,
    exchange_rate: float | None = None,
    carbon_exchange_rate: float | None = None,
) -> Spread:
    """Return the spark spread less the carbon it takes: − emission factor · carbon, per MWh.

    Carbon is priced per tonne; the emission factor counts tonnes per MWh of power.

    Raises:
        InvalidInput: the heat rate is not above 0 or the emission factor is negative.
        ModelNotApplicable: a unit cannot be converted, or currencies differ and no rate is given.
        HistoryTooShort: they have no price on a common date.
    """
    if not (np.isfinite(emission_t_per_mwh) and emission_t_per_mwh >= 0.0):
        reason = f"expected at least 0, was {emission_t_per_mwh}"
        raise InvalidInput(field="emission_t_per_mwh", reason=reason)
    legs = _spark_legs(power, gas, heat_rate_mmbtu_per_mwh, exchange_rate)
    if emission_t_per_mwh:
        # A tonne holds 1/emission MWh of power.
        legs.append(
            Leg(
                series=carbon,
                weight=-1.0,
                exchange_rate=carbon_exchange_rate,
                content=1.0 / emission_t_per_mwh,
            )
        )
    return spread(f"clean spark of {power.name} and {gas.name}", legs, _per_mwh(power.unit))


def price_ratio(numerator: PriceSeries, denominator: PriceSeries) -> Spread:
    """Return numerator / denominator in like units; where the latter is not above 0, no value.

    A ratio to a price of zero or less says nothing about value, so such a date, like 2020-04-20 of
    crude, is named in `missing`.

    Raises:
        ModelNotApplicable: the units cannot be converted.
        HistoryTooShort: no common date has a denominator above 0.
    """
    name = f"{numerator.name} / {denominator.name}"
    dates, (top, bottom), missing = _on_common_dates(name, (numerator, denominator))
    top = converted(top, numerator.unit, denominator.unit)
    defined = bottom > 0.0
    if not defined.any():
        raise HistoryTooShort(subject=name, needed=1, found=0)
    undefined = [day for day, one in zip(dates, defined, strict=True) if not one]
    return Spread(
        name=name,
        dates=tuple(day for day, one in zip(dates, defined, strict=True) if one),
        values=top[defined] / bottom[defined],
        unit=None,
        missing=tuple(sorted((*missing, *undefined))),
    )


def _spark_legs(
    power: PriceSeries, gas: PriceSeries, heat_rate: float, exchange_rate: float | None
) -> list[Leg]:
    if not (np.isfinite(heat_rate) and heat_rate > 0.0):
        reason = f"expected above 0, was {heat_rate}"
        raise InvalidInput(field="heat_rate_mmbtu_per_mwh", reason=reason)
    per_mmbtu = PriceUnit(currency=gas.unit.currency, per="MMBtu")
    fuel = PriceSeries(
        name=gas.name,
        dates=gas.dates,
        prices=converted(gas.prices, gas.unit, per_mmbtu) * heat_rate,
        unit=PriceUnit(currency=gas.unit.currency, per="MWh"),
    )
    return [
        Leg(series=power, weight=1.0),
        Leg(series=fuel, weight=-1.0, exchange_rate=exchange_rate),
    ]


def _per_mwh(unit: PriceUnit) -> PriceUnit:
    return PriceUnit(currency=unit.currency, per="MWh", minor_per_major=unit.minor_per_major)


def _on_common_dates(
    name: str, series: Sequence[PriceSeries]
) -> tuple[tuple[date, ...], list[Reals], tuple[date, ...]]:
    known = [
        {
            day: float(price)
            for day, price in zip(one.dates, one.prices, strict=True)
            if np.isfinite(price)
        }
        for one in series
    ]
    common = sorted(set.intersection(*(set(one) for one in known)))
    if not common:
        raise HistoryTooShort(subject=name, needed=1, found=0)
    every = {day for one in series for day in one.dates}
    columns = [np.array([one[day] for day in common]) for one in known]
    return tuple(common), columns, tuple(sorted(every.difference(common)))
