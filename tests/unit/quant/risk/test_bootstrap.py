"""Hold the block bootstrap against the history that it draws from, and against NumPy."""

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.risk.aggregation import aggregate
from quant.risk.bootstrap import block_bootstrap
from quant.risk.historical import historical_pnl, historical_risk
from quant.risk.monte_carlo import Simulation, joined, simulate, simulated_risk
from tests.risk_books import book, factor_days


def test_one_day_at_a_time_is_the_history() -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 500)
    reduced = aggregate([exposed])
    simulation = Simulation(scenarios=block_bootstrap(reduced, changes), paths=100_000, seed=3)
    profits = simulate(simulation, range(simulation.blocks))
    days, _ = historical_pnl(reduced, changes)
    found = np.unique(np.round(profits.pnl[0], 6))
    np.testing.assert_allclose(found, np.unique(np.round(days[0], 6)), atol=1e-5)
    (drawn,) = simulated_risk(simulation, profits, 0.95)
    (history,) = historical_risk(reduced, changes, 0.95)
    assert drawn.expected_shortfall == pytest.approx(
        history.expected_shortfall, abs=4 * drawn.expected_shortfall_error
    )
    np.testing.assert_allclose(
        drawn.by_position.expected_shortfall,
        history.by_position.expected_shortfall,
        atol=0.03 * history.expected_shortfall,
    )
    assert drawn.by_position.value_at_risk.sum() == pytest.approx(drawn.value_at_risk, rel=1e-9)


def test_blocks_are_consecutive_days_past_the_end() -> None:
    exposed = book()
    size = len(exposed.factors)
    # day d moves every price by 2^-d, so that a sum tells its days
    changes = np.repeat(2.0 ** -np.arange(20.0)[:, None], size, axis=1)
    scenarios = block_bootstrap(aggregate([exposed]), changes, horizon_days=5, block_days=3)
    means = [
        scenarios.means(np.uint64(9), np.array([path]), np.ones((3, 1))).changes[0, 0]
        for path in range(200)
    ]
    blocks = [
        sum(2.0 ** -((first + n) % 20) for n in range(3))
        + sum(2.0 ** -((second + n) % 20) for n in range(2))
        for first in range(20)
        for second in range(20)
    ]
    distances = np.abs(np.subtract.outer(means, blocks)).min(axis=1)
    assert distances.max() < 1e-12
    assert len(set(means)) > 100


def test_blocks_keep_what_follows_upon_what() -> None:
    # days that alternate cancel over two days in one block, and need not in two
    exposed = book()
    signs = np.where(np.arange(100) % 2 == 0, 1.0, -1.0)
    changes = np.repeat(signs[:, None], len(exposed.factors), axis=1)
    reduced = aggregate([exposed])
    together = block_bootstrap(reduced, changes, horizon_days=2, block_days=2)
    apart = block_bootstrap(reduced, changes, horizon_days=2, block_days=1)
    for scenarios, moves in ((together, False), (apart, True)):
        simulation = Simulation(scenarios=scenarios, paths=2_000, seed=1)
        pnl = simulate(simulation, range(2)).pnl
        assert (np.abs(pnl).max() > 1.0) is np.True_ if moves else np.abs(pnl).max() < 1e-6


def test_results_do_not_depend_on_how_blocks_are_shared() -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 300)
    scenarios = block_bootstrap(aggregate([exposed]), changes, horizon_days=10, block_days=4)
    simulation = Simulation(scenarios=scenarios, paths=9_000, seed=5)
    whole = simulate(simulation, range(9), threads=2)
    parts = [simulate(simulation, range(0, 2)), simulate(simulation, range(2, 9))]
    np.testing.assert_array_equal(joined(parts).pnl, whole.pnl)


def test_bad_blocks_are_refused() -> None:
    exposed = book()
    changes, _ = factor_days(exposed, 50)
    for days, length in ((0, 1), (1, 0), (1, 51)):
        with pytest.raises(InvalidInput):
            block_bootstrap(aggregate([exposed]), changes, horizon_days=days, block_days=length)
    with pytest.raises(InvalidInput):
        block_bootstrap(aggregate([exposed]), changes[:, :1])
