"""Own how well a curve model forecast curves that it had not seen, beside unchanged prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, ModelNotApplicable
from core.forecasts import SkillScore
from quant.schwartz_smith.chain import Chain
from quant.schwartz_smith.curve_model import FEWEST_ROWS, changes_ahead, train
from quant.schwartz_smith.skill import CurveErrors, curve_errors
from quant.schwartz_smith.walk_forward import Walk

Reals = NDArray[np.float64]

HORIZONS = (5, 20)
"""Name the horizons that curves are scored at, in business days."""

SCORED_DAYS = 250
"""Be the last days of a history that are scored."""

_TWO_SIDED = 1.96  # of the normal distribution, 95 %


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCurve:
    """Hold the scores of a model of the past before `scored_from`, from that day on."""

    scored_from: date
    scores: tuple[SkillScore, ...]


def scored_curve(chain: Chain) -> ScoredCurve | None:
    """Score a model of all but the last year over that year, None where that leaves too little.

    It is followed row by row and not estimated again, so that nothing later than a forecast is in
    it. Errors are mean absolute ones of log prices, and the baseline leaves each contract's price
    as it is.
    """
    cut = len(chain.dates) - SCORED_DAYS
    if cut < FEWEST_ROWS:
        return None
    try:
        trained = train(chain.between(0, cut))
    except (HistoryTooShort, ModelNotApplicable):
        return None
    changes, _ = changes_ahead(
        trained.curve, trained.state, chain.between(cut, len(chain.dates)), HORIZONS
    )
    walk = Walk(
        first_row=cut,
        end_row=len(chain.dates),
        days=HORIZONS,
        changes=changes,
        curves=((chain.dates[cut], trained.curve),),
    )
    return ScoredCurve(
        scored_from=chain.dates[cut],
        scores=tuple(_score(curve_errors(chain, walk, days), days) for days in HORIZONS),
    )


def _score(errors: CurveErrors, days: int) -> SkillScore:
    ours, baseline = _daily(errors.forecast), _daily(errors.same_contract)
    difference = ours - baseline
    half = _TWO_SIDED * long_run_deviation(difference, days - 1)
    middle = float(difference.mean())
    return SkillScore(
        metric="curve MAE of log prices",
        horizon=days,
        ours=float(ours.mean()),
        baseline=float(baseline.mean()),
        baseline_name="unchanged prices",
        low=middle - half,
        high=middle + half,
    )


def _daily(errors: Reals) -> Reals:
    """Return the mean absolute error of each row that has one."""
    known = np.isfinite(errors)
    some = known.any(axis=1)
    sizes = np.where(known, np.abs(errors), 0.0)[some].sum(axis=1)
    means: Reals = sizes / known[some].sum(axis=1)
    return means


def long_run_deviation(values: Reals | Sequence[float], lags: int) -> float:
    """Return the standard deviation of the mean of a series that is correlated over `lags`.

    Covariances are weighted so that the variance is never negative (Newey and West 1987).
    """
    centred = np.asarray(values) - np.mean(values)
    count = centred.size
    total = float(centred @ centred)
    for lag in range(1, min(lags, count - 1) + 1):
        total += 2.0 * (1.0 - lag / (lags + 1)) * float(centred[lag:] @ centred[:-lag])
    return float(np.sqrt(max(total, 0.0)) / count)
