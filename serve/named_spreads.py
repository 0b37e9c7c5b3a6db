"""Own what a spread's name means: which products at which positions, and how they are joined.

Pure: settled prices in, one spread out; the mathematics is in `quant.spreads`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from core import products as registry
from core.errors import InvalidInput, NotFound
from quant.spreads import PriceSeries, Spread, calendar_spread, crack_spread
from storage.contract_histories import MAX_POSITIONS

CRUDES = ("CL", "BZ", "B")
GASOLINE, DISTILLATE = "RB", "HO"

_RATIOS = {"crack-gasoline": (1, 1, 0), "crack-distillate": (1, 0, 1)}
_CRACK = re.compile(r"crack-([1-9])-([0-9])-([0-9])")
_PAIR = re.compile(r"([0-9]{1,3})-([0-9]{1,3})")
_NAMES = (
    "calendar, crack-3-2-1, crack-2-1-1, crack-gasoline, crack-distillate, spark and clean-spark"
)

Series = Mapping[tuple[str, int], PriceSeries]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadLeg:
    """Hold one side: `weight` times the contract of a product at a position, below 0 if sold."""

    product: str
    position: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSpread:
    """Hold the legs of a spread, and how their series, by product and position, become one."""

    name: str
    legs: tuple[SpreadLeg, ...]
    join: Callable[[Series], Spread]

    @property
    def products(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(leg.product for leg in self.legs))

    def positions_of(self, code: str) -> int:
        """Return the furthest position that is needed of a product."""
        return max(leg.position for leg in self.legs if leg.product == code)


def named_spread(name: str, product: str | None, positions: str | None) -> NamedSpread:
    """Return the spread of a name: `calendar`, or a crack such as `crack-3-2-1`.

    `product` is the one product of a calendar spread, or the crude of a crack; None is CL.
    `positions` are two for a calendar spread, `1-12` (None is 1-2), and one for a crack (None
    is 1).

    Raises:
        NotFound: no spread has the name.
        UnknownProduct: the product is not in the registry.
        InvalidInput: the product is no crude, or the positions or the ratio are none.
    """
    code = registry.product(product or "CL").code
    if name == "calendar":
        return _calendar(code, positions or "1-2")
    found = _CRACK.fullmatch(name)
    if name not in _RATIOS and found is None:
        raise NotFound(what=f"Among {_NAMES}, the spread", name=name)
    ratio = _RATIOS.get(name) or tuple(int(part) for part in (found.groups() if found else ()))
    made_of, light, middle = ratio
    return _crack(name, code, (made_of, light, middle), positions or "1")


def _calendar(code: str, positions: str) -> NamedSpread:
    found = _PAIR.fullmatch(positions)
    near, far = (_position(part) for part in found.groups()) if found else (0, 0)
    if near >= far:
        reason = f"expected two that rise, such as 1-12, was {positions[:80]!r}"
        raise InvalidInput(field="positions", reason=reason)
    return NamedSpread(
        name="calendar",
        legs=(
            SpreadLeg(product=code, position=near, weight=1.0),
            SpreadLeg(product=code, position=far, weight=-1.0),
        ),
        join=lambda series: calendar_spread(series[code, near], series[code, far]),
    )


def _crack(name: str, code: str, ratio: tuple[int, int, int], positions: str) -> NamedSpread:
    if code not in CRUDES:
        reason = f"expected one of {', '.join(CRUDES)}, was {code}"
        raise InvalidInput(field="product", reason=reason)
    made_of, light, middle = ratio
    if light + middle != made_of:
        reason = f"expected crack-c-g-d with g + d = c, was {name}"
        raise InvalidInput(field="name", reason=reason)
    position = _position(positions)
    parts = [(code, -made_of), (GASOLINE, light), (DISTILLATE, middle)]
    return NamedSpread(
        name=name,
        legs=tuple(
            SpreadLeg(product=one, position=position, weight=part / made_of)
            for one, part in parts
            if part
        ),
        join=partial(_joined_crack, code, position, ratio),
    )


def _joined_crack(code: str, position: int, ratio: tuple[int, int, int], series: Series) -> Spread:
    # A product with no part in the ratio is not looked at.
    crude = series[code, position]
    gasoline = series.get((GASOLINE, position), crude)
    return crack_spread(crude, gasoline, series.get((DISTILLATE, position), crude), ratio)


def _position(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= MAX_POSITIONS:
        reason = f"expected 1 to {MAX_POSITIONS}, was {text[:80]!r}"
        raise InvalidInput(field="positions", reason=reason)
    return int(text)
