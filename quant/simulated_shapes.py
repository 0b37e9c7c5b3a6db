"""Own how each simulated product follows crude: level, loadings, own noise, season."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, expm1, sqrt

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.market import ContractMonth

Reals = NDArray[np.float64]

STEP_YEARS = 1.0 / 252.0

_BARRELS_PER_TONNE_OF_GASOIL = 7.45
_MWH_PER_THERM = 0.0293071
_PENCE_PER_EUR = 86.5
_TTF_LEVEL = 8.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Derive a product from crude: price = level x crude^loading x exp(noise + season).

    `stream` seeds the own noise, of `own_volatility` per year, and never changes; `follows` adds
    the noise of products further up, by weight. `season` is the log amplitude of a yearly cosine
    over delivery months that peaks in January. `pulse` names the product whose intraday noise
    this one shares.
    """

    stream: int
    level: float
    own_volatility: float
    pulse: str
    loading: float = 1.0
    follows: Mapping[str, float] = field(default_factory=dict)
    season: float = 0.0

    def log_season(self, month: ContractMonth) -> float:
        """Return what the delivery month adds to the log price."""
        return self.season * float(np.cos(2.0 * np.pi * (month.month - 1) / 12.0))


SHAPES = {
    "CL": Shape(stream=1, level=1.0, own_volatility=0.0, pulse="CL"),
    "BZ": Shape(stream=2, level=1.04, own_volatility=0.06, pulse="BZ"),
    "HO": Shape(stream=3, level=1.25 / 42.0, own_volatility=0.12, pulse="HO"),
    "RB": Shape(stream=4, level=1.18 / 42.0, own_volatility=0.15, pulse="RB"),
    "NG": Shape(stream=5, level=0.06, own_volatility=0.45, pulse="NG"),
    "B": Shape(stream=6, level=1.04, own_volatility=0.005, pulse="BZ", follows={"BZ": 1.0}),
    "G": Shape(
        stream=7,
        level=1.22 * _BARRELS_PER_TONNE_OF_GASOIL,
        own_volatility=0.05,
        pulse="HO",
        follows={"HO": 0.9},
    ),
    "TTF": Shape(
        stream=8,
        level=_TTF_LEVEL,
        own_volatility=0.50,
        pulse="TTF",
        loading=0.3,
        follows={"NG": 0.15},
        season=0.10,
    ),
    "NBP": Shape(
        stream=9,
        level=_TTF_LEVEL * _MWH_PER_THERM * _PENCE_PER_EUR,
        own_volatility=0.06,
        pulse="TTF",
        loading=0.3,
        follows={"TTF": 1.0},
        season=0.13,
    ),
}
"""Hold every simulated product, those that others follow first; prices in its own units."""


def shape(code: str) -> Shape:
    """Return the shape of a product.

    Raises:
        InvalidInput: the product is not simulated.
    """
    try:
        return SHAPES[code]
    except KeyError:
        raise InvalidInput(field="product", reason=f"{code!r} is not simulated") from None


def noise_paths(days: int, seed: int) -> dict[str, Reals]:
    """Return the log noise of every product, shape (days,): its own and what it follows."""
    paths: dict[str, Reals] = {}
    for code, row in SHAPES.items():
        generator = np.random.default_rng([seed, row.stream])
        paths[code] = _own_noise(days, row.own_volatility, generator)
        for other, weight in row.follows.items():
            paths[code] += weight * paths[other]
    return paths


def _own_noise(length: int, volatility: float, generator: np.random.Generator) -> Reals:
    # Mean reverting at rate 2 a year, so that no product drifts away from crude for ever.
    decay = exp(-2.0 * STEP_YEARS)
    spread = volatility * sqrt(-expm1(-4.0 * STEP_YEARS) / 4.0)
    noise = [0.0]
    for shock in (spread * generator.standard_normal(length - 1)).tolist():
        noise.append(decay * noise[-1] + shock)
    return np.array(noise)
