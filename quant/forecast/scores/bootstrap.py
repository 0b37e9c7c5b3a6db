"""Own confidence intervals of a mean over days that depend on each other, by resampling blocks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]


class Blocks(StrEnum):
    """Name the ways to cut a history into blocks.

    `stationary` blocks have geometric lengths and wrap round the end (Politis and Romano 1994),
    `moving` ones all have one length (Künsch 1989).
    """

    STATIONARY = "stationary"
    MOVING = "moving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Hold an estimate, and the ends of its confidence interval."""

    estimate: float
    lower: float
    upper: float
    confidence: float


def resampled_days(
    days: int,
    *,
    mean_length: float,
    resamples: int,
    seed: int = 0,
    blocks: Blocks = Blocks.STATIONARY,
) -> Indices:
    """Draw days by blocks, (resamples, days), each row from a generator of its own.

    Raises:
        InvalidInput: there are no days or resamples, or the length is below 1 or above `days`.
    """
    if days < 1 or resamples < 1:
        raise InvalidInput(field="days", reason="expected at least one, and a resample")
    if not 1.0 <= mean_length <= days:
        reason = f"expected 1 to {days}, was {mean_length}"
        raise InvalidInput(field="mean_length", reason=reason)
    draw = _stationary if blocks is Blocks.STATIONARY else _moving
    generators = (np.random.default_rng([seed, n]) for n in range(resamples))
    return np.array([draw(generator, days, mean_length) for generator in generators])


def bootstrap_interval(
    values: Reals,
    statistic: Callable[[Reals], float],
    *,
    mean_length: float,
    resamples: int = 1_000,
    confidence: float = 0.95,
    seed: int = 0,
    blocks: Blocks = Blocks.STATIONARY,
) -> Interval:
    """Return the percentile interval of a statistic of values (days, …).

    `statistic` takes resampled rows. Blocks should be longer than what depends on each other: for
    forecasts of h days at least h.

    Raises:
        InvalidInput: a number is not finite, `confidence` is not between 0 and 1, or as
            `resampled_days`.
    """
    if not np.isfinite(values).all():
        raise InvalidInput(field="values", reason="expected finite numbers only")
    if not 0.0 < confidence < 1.0:
        raise InvalidInput(field="confidence", reason=f"expected 0 to 1, was {confidence}")
    drawn = resampled_days(
        len(values), mean_length=mean_length, resamples=resamples, seed=seed, blocks=blocks
    )
    found = np.array([statistic(values[rows]) for rows in drawn])
    tail = (1.0 - confidence) / 2.0
    lower, upper = np.quantile(found, [tail, 1.0 - tail])
    return Interval(
        estimate=statistic(values),
        lower=float(lower),
        upper=float(upper),
        confidence=confidence,
    )


def _stationary(generator: np.random.Generator, days: int, mean_length: float) -> Indices:
    begins = generator.random(days) < 1.0 / mean_length
    begins[0] = True
    starts = generator.integers(days, size=days)
    positions = np.arange(days)
    since = positions - np.maximum.accumulate(np.where(begins, positions, 0))
    block = np.cumsum(begins) - 1
    drawn: Indices = (starts[block] + since) % days
    return drawn


def _moving(generator: np.random.Generator, days: int, mean_length: float) -> Indices:
    length = round(mean_length)
    starts = generator.integers(days - length + 1, size=-(-days // length))
    drawn: Indices = (starts[:, None] + np.arange(length)).ravel()[:days]
    return drawn
