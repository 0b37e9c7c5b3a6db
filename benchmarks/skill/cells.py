"""Own the cells in which the coverage of value at risk is judged: product, position and period."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from benchmarks.skill.walk import LEVELS, POSITIONS, Walk
from quant.coverage.conditional import ConditionalCoverage, conditional_coverage

LIMIT = 5.9915
"""χ² with two degrees of freedom at 95 %: a joint statistic above it rejects a cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Hold the first and the last day of what is judged together."""

    first: date
    last: date

    @property
    def name(self) -> str:
        return f"{self.first}…{self.last}"


PERIODS = tuple(
    Period(first=date(first, 1, 1), last=date(last, 12, 31))
    for first, last in ((2015, 2016), (2017, 2018), (2019, 2020), (2021, 2022), (2023, 2023))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Hold the tests of one quantile of one position in one period; `is_long` is whose loss it is.

    `probability` is that of an exception, 0.05 for the value at risk at 95 %.
    """

    product: str
    position: int
    period: Period
    probability: float
    is_long: bool
    coverage: ConditionalCoverage

    @property
    def passes(self) -> bool:
        return self.coverage.joint.statistic <= LIMIT


def cells(walks: Sequence[Walk], periods: Sequence[Period]) -> list[Cell]:
    """Judge each level and position in each period that has a day; unknown changes do not count."""
    return [cell for walk in walks for period in periods for cell in _cells(walk, period)]


def _cells(walk: Walk, period: Period) -> Iterator[Cell]:
    inside = np.array([period.first <= day <= period.last for day in walk.dates], dtype=np.bool_)
    for column, position in enumerate(POSITIONS):
        chosen = inside & np.isfinite(walk.changes[:, column])
        if not chosen.any():
            continue
        changes = walk.changes[chosen, column]
        for row, level in enumerate(LEVELS):
            quantiles = walk.quantiles[chosen, row, column]
            is_long = level < 0.5
            exceptions = changes < quantiles if is_long else changes > quantiles
            probability = round(level if is_long else 1.0 - level, 12)
            yield Cell(
                product=walk.product,
                position=position,
                period=period,
                probability=probability,
                is_long=is_long,
                coverage=conditional_coverage(exceptions, probability),
            )
