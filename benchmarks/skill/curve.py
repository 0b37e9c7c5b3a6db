"""Own the walk forward of whole curves by the two-factor model, and its rows beside naive curves.

The error is the mean absolute one of log prices over all contracts: each contract and each day
weigh alike, whatever the price. By squares, the weeks of March and April 2020 alone would decide.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import numpy as np

from benchmarks.report import Row
from benchmarks.skill.cells import Period
from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.continuous import SettlementHistory
from quant.forecast.scores.diebold_mariano import diebold_mariano
from quant.schwartz_smith.chain import build_chain
from quant.schwartz_smith.skill import CurveErrors, CurveScore, curve_errors
from quant.schwartz_smith.walk_forward import walk_forward

HORIZONS = (5, 20)

Progress = Callable[[str, date], None]
"""Is told a product and each date up to which its model was estimated."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredCurves:
    """Hold the errors of one product at one horizon, and their sizes over the whole walk."""

    product: str
    days: int
    errors: CurveErrors
    score: CurveScore


def score_curves(
    histories: Mapping[str, SettlementHistory],
    first: date,
    last: date,
    *,
    progress: Progress = lambda product, day: None,
) -> tuple[list[ScoredCurves], list[dict[str, str]]]:
    """Walk each product from `first` to `last`; its past may begin at any time before.

    What has too short a past for an estimate, or no day as far ahead, is named in the second list.
    """
    scored: list[ScoredCurves] = []
    skipped: list[dict[str, str]] = []
    for product, history in histories.items():
        chain = build_chain(history, leave_out=True)
        try:
            walk = walk_forward(
                chain,
                first,
                min(last, history.dates[-1]),
                HORIZONS,
                progress=partial(progress, product),
            )
        except (HistoryTooShort, InvalidInput) as why:
            skipped.append({"metric": f"curve error of {product}", "why": why.detail})
            continue
        for days in HORIZONS:
            errors = curve_errors(chain, walk, days)
            if not np.isfinite(errors.forecast).any():
                name, why_not = f"curve error of {product}, {days} days", "no day as far ahead"
                skipped.append({"metric": name, "why": why_not})
                continue
            scored.append(
                ScoredCurves(product=product, days=days, errors=errors, score=errors.score())
            )
    return scored, skipped


def curve_rows(scored: Sequence[ScoredCurves]) -> list[Row]:
    """Return, by product and horizon, our error beside that of each naive curve."""
    return [
        Row(
            metric=f"curve error of {one.product}, {one.days} days, beside each {naive} unchanged",
            unit="mean |log error|",
            ours=one.score.forecast.absolute,
            peer=peer,
            target=1.0,
        )
        for one in scored
        for naive, peer in (
            ("contract", one.score.same_contract.absolute),
            ("position", one.score.same_position.absolute),
        )
    ]


def curve_samples(
    scored: Sequence[ScoredCurves], periods: Sequence[Period]
) -> dict[str, list[float]]:
    """Return root mean squares, ratios by period, and how sure the difference is."""
    samples: dict[str, list[float]] = {}
    for one in scored:
        name = f"curve {one.product} {one.days} days"
        sizes = (one.score.forecast, one.score.same_contract, one.score.same_position)
        samples[f"{name}: root mean square of ours, contract, position"] = [
            round(size.square, 6) for size in sizes
        ]
        parts = [one.errors.between(period.first, period.last) for period in periods]
        scores = [part.score() for part in parts if np.isfinite(part.forecast).any()]
        for naive in ("contract", "position"):
            samples[f"{name}: ratio to {naive} by period"] = [
                round(part.forecast.absolute / _peer(part, naive), 5) for part in scores
            ]
            samples[f"{name}: Diebold–Mariano statistic, p beside {naive}"] = _surety(one, naive)
    return samples


def _peer(score: CurveScore, naive: str) -> float:
    return (score.same_contract if naive == "contract" else score.same_position).absolute


def _surety(one: ScoredCurves, naive: str) -> list[float]:
    """Compare the means of each day's curve; none where the days are too few."""
    peer = one.errors.same_contract if naive == "contract" else one.errors.same_position
    known = np.isfinite(one.errors.forecast).any(axis=1)
    ours = np.nanmean(np.abs(one.errors.forecast[known]), axis=1)
    theirs = np.nanmean(np.abs(peer[known]), axis=1)
    try:
        test = diebold_mariano(ours, theirs, one.days)
    except (HistoryTooShort, ModelNotApplicable):
        return []
    return [round(test.statistic, 3), round(test.p_value, 6)]
