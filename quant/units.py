"""Own units of quantity and price: what one holds of another, and prices carried across.

Exact by definition: 1 bbl = 42 US gal, 1 gal = 231 in³, 1 MMBtu = 10 therm = 10⁶ Btu (IT),
1 Btu = 1055.05585262 J.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput, ModelNotApplicable
from core.products import product

Reals = NDArray[np.float64]

_JOULES_PER_BTU = 1055.05585262
_JOULES_PER_MWH = 3.6e9
_CUBIC_METRES_PER_GALLON = 231 * 0.0254**3


class Dimension(StrEnum):
    """Name what a unit measures."""

    VOLUME = "volume"
    ENERGY = "energy"
    MASS = "mass"


# Each in the first unit of its dimension.
_UNITS: dict[str, tuple[Dimension, float]] = {
    "gal": (Dimension.VOLUME, 1.0),
    "bbl": (Dimension.VOLUME, 42.0),
    "m3": (Dimension.VOLUME, 1.0 / _CUBIC_METRES_PER_GALLON),
    "therm": (Dimension.ENERGY, 1.0),
    "MMBtu": (Dimension.ENERGY, 10.0),
    "GJ": (Dimension.ENERGY, 1e9 / (_JOULES_PER_BTU * 1e5)),
    "MWh": (Dimension.ENERGY, _JOULES_PER_MWH / (_JOULES_PER_BTU * 1e5)),
    "t": (Dimension.MASS, 1.0),
}

UNITS = tuple(_UNITS)
MMBTU_PER_MWH = _JOULES_PER_MWH / (_JOULES_PER_BTU * 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceUnit:
    """Name what a price is in: a currency, or a hundredth of it (GBp), for one unit of quantity.

    Raises:
        InvalidInput: the unit is unknown, or `minor_per_major` is below 1.
    """

    currency: str
    per: str
    minor_per_major: int = 1

    def __post_init__(self) -> None:
        _unit("per", self.per)
        if self.minor_per_major < 1:
            reason = f"expected at least 1, was {self.minor_per_major}"
            raise InvalidInput(field="minor_per_major", reason=reason)

    def __str__(self) -> str:
        name = self.currency
        if self.minor_per_major != 1:
            name = name[:-1] + name[-1].lower()
        return f"{name}/{self.per}"


def price_unit_of(code: str) -> PriceUnit:
    """Return what the prices of a product are in, such as USD/gal or GBp/therm.

    Raises:
        UnknownProduct: the code is not in the registry.
    """
    row = product(code)
    return PriceUnit(currency=row.currency, per=row.price_unit, minor_per_major=row.minor_per_major)


def units_in(unit: str, other: str) -> float:
    """Return how many `other` one `unit` holds, such as 42 gal in a bbl.

    Raises:
        InvalidInput: a unit is unknown.
        ModelNotApplicable: they measure different things.
    """
    dimension, size = _unit("unit", unit)
    other_dimension, other_size = _unit("other", other)
    if dimension is not other_dimension:
        raise ModelNotApplicable(
            model=f"conversion of {unit} to {other}",
            reason=f"one measures {dimension}, the other {other_dimension}; "
            f"say how many {other} one {unit} holds",
        )
    return size / other_size


def converted(
    prices: Reals,
    unit: PriceUnit,
    to: PriceUnit,
    *,
    exchange_rate: float | Reals | None = None,
    content: float | None = None,
) -> Reals:
    """Return prices (days,) in `unit` as prices in `to`; nan, which is missing, stays so.

    `exchange_rate`, one or (days,), is what one unit of the first currency is worth in the second.
    `content` is how many of `to`'s units one of `unit`'s holds, such as 7.45 bbl in a tonne of
    gasoil; it is needed, and allowed, only where they measure different things.

    Raises:
        InvalidInput: a rate or content is not a positive number, of the wrong shape, or not needed.
        ModelNotApplicable: currencies differ and no rate is given, or what the units measure
            differs and no content is given.
    """
    factor = to.minor_per_major / unit.minor_per_major / _held(unit.per, to.per, content)
    return np.asarray(prices * factor * _rate(prices, unit, to, exchange_rate), dtype=np.float64)


def _held(unit: str, other: str, content: float | None) -> float:
    if content is None:
        return units_in(unit, other)
    if _unit("unit", unit)[0] is _unit("other", other)[0]:
        reason = f"one {unit} always holds {units_in(unit, other):g} {other}"
        raise InvalidInput(field="content", reason=reason)
    if not (np.isfinite(content) and content > 0.0):
        raise InvalidInput(field="content", reason=f"expected above 0, was {content}")
    return content


def _rate(
    prices: Reals, unit: PriceUnit, to: PriceUnit, exchange_rate: float | Reals | None
) -> float | Reals:
    if unit.currency == to.currency:
        if exchange_rate is not None:
            raise InvalidInput(field="exchange_rate", reason=f"both are in {unit.currency}")
        return 1.0
    if exchange_rate is None:
        raise ModelNotApplicable(
            model=f"conversion of {unit} to {to}",
            reason=f"{unit.currency} and {to.currency} are different currencies; "
            "give an exchange rate",
        )
    rate = np.asarray(exchange_rate, dtype=np.float64)
    if rate.shape not in {(), prices.shape} or not (np.isfinite(rate) & (rate > 0.0)).all():
        reason = f"expected one or {len(prices)} numbers above 0"
        raise InvalidInput(field="exchange_rate", reason=reason)
    return rate


def _unit(field: str, name: str) -> tuple[Dimension, float]:
    if name not in _UNITS:
        reason = f"expected one of {', '.join(_UNITS)}, was {name!r}"
        raise InvalidInput(field=field, reason=reason)
    return _UNITS[name]
