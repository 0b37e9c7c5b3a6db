"""Check the walk of the density model beside the one that the skill of forecasts is measured by."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.skill import walk as skill
from quant.backtest.density import walk_density
from quant.backtest.walk import Walk
from quant.continuous import SettlementHistory
from tests.unit.quant.backtest.walks import made_up

PATHS = 256


def test_it_is_the_walk_of_the_benchmark() -> None:
    drawn = made_up(days=330, positions=(1, 2, 3))
    prices = np.vstack([np.full((1, 3), 60.0), 60.0 + 0.2 * drawn.changes.cumsum(axis=0)])
    before = drawn.dates[0].replace(month=1, day=1)
    history = SettlementHistory(
        product="CL", dates=(before, *drawn.dates), settlements=np.asarray(prices)
    )
    changes = history.held_changes(2)
    walk = Walk(
        product="CL", positions=(1, 2), dates=drawn.dates, changes=changes, first=310, last=329
    )
    levels = np.array(sorted({0.01, 0.05, 0.95, 0.99}))
    found = walk_density(walk, (1, 5), levels, paths=PATHS)
    expected = skill.walk(
        history, walk.dates[310], walk.dates[329], positions=(1, 2), horizons=(1, 5), paths=PATHS
    )
    assert found.crps == pytest.approx(expected.crps, nan_ok=True)
    assert found.quantiles[:, 0] == pytest.approx(expected.quantiles)


def test_days_without_a_price_might_as_well_not_be_there() -> None:
    walk = made_up(days=330)
    gaps, levels = [3, 100], np.array([0.05, 0.95])
    changes = walk.changes.copy()
    changes[gaps] = np.nan
    found = walk_density(replace(walk, changes=changes), (1, 5), levels, paths=PATHS)
    without = replace(
        walk,
        dates=tuple(day for row, day in enumerate(walk.dates) if row not in gaps),
        changes=np.delete(walk.changes, gaps, axis=0),
        first=walk.first - len(gaps),
        last=walk.last - len(gaps),
    )
    expected = walk_density(without, (1, 5), levels, paths=PATHS)
    np.testing.assert_array_equal(found.quantiles, expected.quantiles)
    np.testing.assert_array_equal(found.crps, expected.crps)
