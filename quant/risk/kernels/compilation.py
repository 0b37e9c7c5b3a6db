"""Own the compilation of the kernels of risk ahead of their first use."""

import numpy as np

from quant.risk.kernels.evaluation import Terms, average_kinds, evaluate_scenarios
from quant.risk.kernels.path_draws import LANES
from quant.risk.kernels.simulation import (
    draw_elliptical,
    draw_starts,
    simulate_elliptical,
    sum_blocks,
)


def compile_risk_kernels() -> None:
    """Call every kernel that is called from outside, on one option and one book."""
    one, ends = np.ones(1), np.array([0, 1])
    terms = Terms(
        forwards=one,
        starts=ends,
        normal_from=ends[1:],
        strikes=one,
        log_strikes=np.zeros(1),
        deviations=one,
        bases=one,
        scales=np.ones((1, 1)),
        half_gammas=np.ones((1, 1)),
    )
    key, paths = np.uint64(1), np.arange(LANES)
    pnl, floored = np.zeros((1, LANES)), np.zeros(LANES, dtype=np.bool_)
    root, scenarios = np.eye(4), np.zeros((LANES, 2))
    simulate_elliptical(terms, root, key, 0.0, 0, pnl, floored)
    draw_elliptical(root, key, 0.0, paths, scenarios, np.zeros_like(scenarios))
    starts = np.zeros((LANES, 1), dtype=np.int32)
    draw_starts(key, 2, paths, starts)
    sum_blocks(scenarios[:2], starts, 1, 1, scenarios)
    evaluate_scenarios(terms, scenarios, 0, LANES, pnl, floored)
    weights, averages = np.ones((3, LANES)), np.zeros((3, 1))
    average_kinds(terms, scenarios, weights, averages, np.zeros_like(averages))
