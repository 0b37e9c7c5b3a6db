"""Own the walk over history: estimated on the past alone, forecast from each day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.schwartz_smith.chain import Chain
from quant.schwartz_smith.curve_model import FEWEST_ROWS, CurveModel, changes_ahead, train
from quant.schwartz_smith.drift import DriftRule
from quant.schwartz_smith.parameters import MODEL, SchwartzSmithModel

Reals = NDArray[np.float64]
Progress = Callable[[date], None]
"""Is told each date up to which the history was estimated on."""

TRAINING_YEARS = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Walk:
    """Hold what was expected on the rows `first_row`…`end_row` − 1 of a chain.

    `changes` (rows, horizons) are of every log price over `days` rows ahead; `curves` are the
    estimates in use, each from the date beside it on.
    """

    first_row: int
    end_row: int
    days: tuple[int, ...]
    changes: Reals
    curves: tuple[tuple[date, CurveModel], ...]


def walk_forward(
    chain: Chain,
    first: date,
    last: date,
    days: Sequence[int],
    *,
    rule: DriftRule | None = None,
    progress: Progress | None = None,
) -> Walk:
    """Forecast from each row dated `first` to `last`, both included, with what was known then.

    The model is estimated on `first` and each 1 January after it, on the rows of the three years
    before that date and none later; filter and drift then follow each row. Before the first date
    of these with `FEWEST_ROWS` rows behind it, nothing is forecast.

    Raises:
        HistoryTooShort: no such date has rows enough behind it.
        InvalidInput: `last` is before `first`, or no row lies between them.
    """
    begins = [first, *(date(year, 1, 1) for year in range(first.year + 1, last.year + 1))]
    dates = np.array(chain.dates, dtype="datetime64[D]")
    cuts = [int(np.searchsorted(dates, np.datetime64(day))) for day in begins]
    cuts.append(int(np.searchsorted(dates, np.datetime64(last), side="right")))
    if last < first or cuts[0] == cuts[-1]:
        raise InvalidInput(field="last", reason=f"no settlement from {first} to {last}")
    blocks: list[Reals] = []
    curves: list[tuple[date, CurveModel]] = []
    warm: SchwartzSmithModel | None = None
    for day, (start, end) in zip(begins, pairwise(cuts), strict=True):
        since = day.replace(year=day.year - TRAINING_YEARS, day=min(day.day, 28))
        past = chain.between(int(np.searchsorted(dates, np.datetime64(since))), start)
        if start == end or len(past.dates) < FEWEST_ROWS:
            continue
        trained = train(past, rule=rule, first=warm)
        warm = trained.curve.model
        blocks.append(
            changes_ahead(trained.curve, trained.state, chain.between(start, end), days)[0]
        )
        curves.append((day, trained.curve))
        if progress is not None:
            progress(day)
    if not blocks:
        raise HistoryTooShort(subject=MODEL, needed=FEWEST_ROWS, found=cuts[-2])
    changes = np.vstack(blocks)
    return Walk(
        first_row=cuts[-1] - len(changes),
        end_row=cuts[-1],
        days=tuple(days),
        changes=changes,
        curves=tuple(curves),
    )
