"""Own how paths are drawn around an outlook: most simulated, some along the past as it was."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quant.forecast.draws import drawn_ages, uniforms
from quant.forecast.history import (
    history_changes,
    history_paths,
    history_share,
    running_sums,
    without_drift,
)
from quant.forecast.outlook import Outlook
from quant.forecast.parameters import DensityParameters
from quant.forecast.path_kernels import simulate
from quant.forecast.state import DensityState

Reals = NDArray[np.float64]
Booleans = NDArray[np.bool_]


def paths_of(
    parameters: DensityParameters, state: DensityState, outlook: Outlook, paths: int, seed: int
) -> Reals:
    """Return the change up to each day of the outlook on each path, (days, positions, paths)."""
    horizon = len(outlook.variances)
    steps = _simulated(parameters, state, outlook, range(1, horizon + 1), paths, seed)
    chosen = _repeat_history(parameters, horizon, paths, seed)
    places = uniforms(seed, paths)[chosen, 0]
    steps[:, :, chosen] = history_paths(without_drift(state.changes), places, horizon)
    return steps


def changes_of(
    parameters: DensityParameters,
    state: DensityState,
    outlook: Outlook,
    horizons: Sequence[int],
    paths: int,
    seed: int,
) -> dict[int, Reals]:
    """Return, by horizon, the change up to its last day on each path, (positions, paths).

    The outlook reaches as far as the longest horizon; one walk along it gives them all.
    """
    rising = sorted(set(horizons))
    ends = dict(
        zip(rising, _simulated(parameters, state, outlook, rising, paths, seed), strict=True)
    )
    past, places = running_sums(without_drift(state.changes)), uniforms(seed, paths)[:, 0]
    for horizon, changes in ends.items():
        chosen = _repeat_history(parameters, horizon, paths, seed)
        changes[:, chosen] = history_changes(past, places[chosen], horizon)
    return ends


def history_share_of(parameters: DensityParameters, horizon: int) -> float:
    """Return the share of the paths over a horizon that repeat history."""
    settings = parameters.settings
    return history_share(horizon, settings.history_share, settings.history_horizon)


def _simulated(
    parameters: DensityParameters,
    state: DensityState,
    outlook: Outlook,
    steps: Sequence[int],
    paths: int,
    seed: int,
) -> Reals:
    """Return the changes up to each of the rising steps, (steps, positions, paths)."""
    by_age = np.ascontiguousarray(state.standardised().by_day()[:, ::-1])
    changes = np.empty((len(steps), len(parameters.positions), paths))
    simulate(
        outlook.variances,
        by_age,
        drawn_ages(seed, paths, by_age.shape[1], state.residuals.half_life),
        np.array([one.alpha for one in parameters.garch]),
        np.array([one.persistence for one in parameters.garch]),
        state.variance.news_limit,
        np.array(steps, dtype=np.int64),
        changes,
    )
    return changes


def _repeat_history(parameters: DensityParameters, horizon: int, paths: int, seed: int) -> Booleans:
    chosen: Booleans = uniforms(seed, paths)[:, -1] < history_share_of(parameters, horizon)
    return chosen
