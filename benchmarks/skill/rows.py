"""Own the rows and samples that the walk forward is summed up in."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Row
from benchmarks.skill.cells import Cell
from benchmarks.skill.walk import HORIZONS, POSITIONS, Walk
from core.products import product as product_of
from quant.forecast.scores.bootstrap import bootstrap_interval
from quant.forecast.scores.diebold_mariano import diebold_mariano

Reals = NDArray[np.float64]

PASSING_PERCENT = 90.0
PROBABILITIES = (0.05, 0.01)
_BLOCK_DAYS = 40
_RESAMPLES = 500


def coverage_rows(judged: Sequence[Cell]) -> list[Row]:
    """Return, for a long position, the share of cells that pass at 95 % and at 99 %."""
    return [
        Row(
            metric=f"cells in which VaR {_confidence(probability)} has joint coverage",
            unit="%",
            ours=round(100.0 * float(np.mean(_passes(judged, probability, is_long=True))), 2),
            target=PASSING_PERCENT,
            higher_is_better=True,
        )
        for probability in PROBABILITIES
        if judged
    ]


def coverage_samples(judged: Sequence[Cell]) -> dict[str, list[float]]:
    """Return passes and cells of both sides, then exceptions and statistics of each position.

    The latter are over the periods; those of the short side are about the opposite loss.
    """
    samples: dict[str, list[float]] = {}
    for is_long in (True, False):
        for probability in PROBABILITIES:
            passes = _passes(judged, probability, is_long=is_long)
            name = f"VaR {_confidence(probability)} {_side(is_long)}: cells passing, cells"
            samples[name] = [float(sum(passes)), float(len(passes))]
    for cell in judged:
        name = (
            f"VaR {_confidence(cell.probability)} {_side(cell.is_long)} "
            f"{cell.product} {cell.position}"
        )
        exceptions = samples.setdefault(f"{name}: exceptions by period", [])
        statistics = samples.setdefault(f"{name}: joint LR by period", [])
        exceptions.append(float(cell.coverage.exceptions))
        statistics.append(round(cell.coverage.joint.statistic, 3))
    return samples


def crps_rows(walks: Sequence[Walk]) -> list[Row]:
    """Return, by product and horizon, our mean score and that of the best historical window.

    A horizon that no day reaches has no row.
    """
    rows = []
    for walk in walks:
        for number, horizon in enumerate(HORIZONS):
            if not _known(walk, number).any():
                continue
            ours, peer = _daily(walk, number)
            rows.append(
                Row(
                    metric=f"mean CRPS of {walk.product}, {_days(horizon)}",
                    unit=f"USD/{product_of(walk.product).price_unit}",
                    ours=float(ours.mean()),
                    peer=float(peer.mean()),
                    target=1.0,
                )
            )
    return rows


def crps_samples(walks: Sequence[Walk]) -> dict[str, list[float]]:
    """Return scores by position and window, and how sure the difference from the peer is."""
    samples: dict[str, list[float]] = {}
    for walk in walks:
        for number, horizon in enumerate(HORIZONS):
            if not _known(walk, number).any():
                continue
            name = f"CRPS {walk.product} {_days(horizon)}"
            for column, position in enumerate(POSITIONS):
                scores = [walk.crps, *walk.peer_crps.values()]
                samples[f"{name} position {position}: ours, {_windows(walk)}"] = [
                    round(float(np.nanmean(score[:, number, column])), 6) for score in scores
                ]
            ours, peer = _daily(walk, number)
            pairs = np.column_stack([ours, peer])
            length = min(_BLOCK_DAYS, len(pairs))
            interval = bootstrap_interval(pairs, _ratio, mean_length=length, resamples=_RESAMPLES)
            samples[f"{name}: ratio, 95 % interval"] = [
                round(value, 5) for value in (interval.estimate, interval.lower, interval.upper)
            ]
            if len(ours) > 2 * horizon:
                test = diebold_mariano(ours, peer, horizon)
                samples[f"{name}: Diebold–Mariano statistic, p"] = [
                    round(test.statistic, 3),
                    round(test.p_value, 6),
                ]
    return samples


def _daily(walk: Walk, number: int) -> tuple[Reals, Reals]:
    """Return our scores and those of the best window, the mean of the positions for each day."""
    known = _known(walk, number)
    ours = walk.crps[known, number].mean(axis=1)
    peers = [scores[known, number].mean(axis=1) for scores in walk.peer_crps.values()]
    return ours, min(peers, key=lambda scores: float(scores.mean()))


def _known(walk: Walk, number: int) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = np.isfinite(walk.crps[:, number].sum(axis=1))
    return known


def _ratio(pairs: Reals) -> float:
    ours, peer = pairs.mean(axis=0)
    return float(ours / peer)


def _passes(judged: Sequence[Cell], probability: float, *, is_long: bool) -> list[bool]:
    return [
        cell.passes
        for cell in judged
        if cell.probability == probability and cell.is_long is is_long
    ]


def _confidence(probability: float) -> str:
    return f"{100.0 * (1.0 - probability):.0f} %"


def _side(is_long: bool) -> str:
    return "long" if is_long else "short"


def _days(horizon: int) -> str:
    return "1 day" if horizon == 1 else f"{horizon} days"


def _windows(walk: Walk) -> str:
    return ", ".join(f"{window} days" for window in walk.peer_crps)
