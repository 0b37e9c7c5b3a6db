"""Own how paths are drawn around an outlook: most simulated, some along the past as it was."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from quant.forecast.draws import drawn_ages, repeat_history, uniforms
from quant.forecast.history import (
    history_paths,
    history_share,
    running_sums,
    without_drift,
    write_history_changes,
)
from quant.forecast.outlook import Outlook
from quant.forecast.parameters import DensityParameters
from quant.forecast.path_kernels import simulate
from quant.forecast.state import DensityState

Reals = NDArray[np.float64]


def paths_of(
    parameters: DensityParameters, state: DensityState, outlook: Outlook, paths: int, seed: int
) -> Reals:
    """Return the change up to each day of the outlook on each path, (days, positions, paths)."""
    horizon = len(outlook.variances)
    share, steps = history_share_of(parameters, horizon), range(1, horizon + 1)
    found = _simulated(parameters, state, outlook, steps, paths, seed, share)
    chosen = repeat_history(seed, paths, share)
    draws = uniforms(seed, paths)[chosen, 0]
    found[:, :, chosen] = history_paths(without_drift(state.changes), draws, horizon)
    return found


def changes_of(
    parameters: DensityParameters,
    state: DensityState,
    outlook: Outlook,
    horizons: Sequence[int],
    paths: int,
    seed: int,
) -> dict[int, Reals]:
    """Return, by horizon, the change up to its last day on each path, (positions, paths).

    The outlook reaches as far as the longest horizon; one walk along it gives them all. Paths that
    repeat history over the shortest do so over all, and are not walked.
    """
    rising = sorted(set(horizons))
    shares = [history_share_of(parameters, horizon) for horizon in rising]
    ends = _simulated(parameters, state, outlook, rising, paths, seed, shares[0])
    past = running_sums(without_drift(state.changes))
    for horizon, share, changes in zip(rising, shares, ends, strict=True):
        chosen = np.flatnonzero(repeat_history(seed, paths, share))
        write_history_changes(past, uniforms(seed, paths)[chosen, 0], horizon, chosen, changes)
    return dict(zip(rising, ends, strict=True))


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
    share: float,
) -> Reals:
    """Return the changes up to each of the rising steps, (steps, positions, paths).

    Nothing is written yet of those paths that repeat history where so large a share does.
    """
    by_age = np.ascontiguousarray(state.standardised().by_day()[:, ::-1])
    changes = np.empty((len(steps), len(parameters.positions), paths))
    simulate(
        outlook.variances,
        by_age,
        drawn_ages(seed, paths, by_age.shape[1], state.residuals.half_life, share),
        np.array([one.alpha for one in parameters.garch]),
        np.array([one.persistence for one in parameters.garch]),
        state.variance.news_limit,
        np.array(steps, dtype=np.int64),
        np.flatnonzero(~repeat_history(seed, paths, share)),
        changes,
    )
    return changes
