"""Make up walks of one product, by a seed."""

from datetime import date

import numpy as np

from quant.backtest.walk import Reals, Walk
from quant.calendars import business_days, calendar_of


def made_up(
    days: int = 400, first: int = 300, positions: tuple[int, ...] = (1, 2), seed: int = 1
) -> Walk:
    """Return a walk of changes whose volatility comes in waves; its last days are forecast."""
    random = np.random.default_rng(seed)
    waves = 1.0 + 0.6 * np.sin(np.arange(days) / 30.0)
    changes = random.standard_t(5, (days, len(positions))) * waves[:, None]
    return walk_of(changes, first, positions)


def walk_of(changes: Reals, first: int, positions: tuple[int, ...] = (1,)) -> Walk:
    dates = business_days(date(2015, 1, 2), date(2021, 12, 31), calendar_of("CL"))[: len(changes)]
    return Walk(
        product="CL",
        positions=positions,
        dates=dates,
        changes=changes,
        first=first,
        last=len(changes) - 1,
    )
