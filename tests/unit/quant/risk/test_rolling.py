"""Hold rolling risk against one day at a time, and against real crude."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.errors import HistoryTooShort, InvalidInput
from quant.coverage.conditional import conditional_coverage, exceptions_of
from quant.risk.rolling import rolling_risk, tail_columns
from quant.risk.tails import tail_of


def test_it_agrees_with_one_day_at_a_time() -> None:
    pnl = np.random.default_rng(0).standard_t(4, size=1500)
    for window, level in ((100, 0.975), (250, 0.99)):
        var, shortfall = rolling_risk(pnl, window, level)
        assert var.shape == shortfall.shape == (1500 - window,)
        for day in (0, 1, 777, 1499 - window):
            tail = tail_of(pnl[day : day + window], level)
            assert var[day] == tail.value_at_risk
            assert shortfall[day] == pytest.approx(tail.expected_shortfall, rel=1e-12)


def test_a_forecast_knows_no_future() -> None:
    pnl = np.random.default_rng(1).normal(size=600)
    var, _ = rolling_risk(pnl, 250, 0.99)
    pnl[400:] = -1e9
    corrupted, _ = rolling_risk(pnl, 250, 0.99)
    np.testing.assert_array_equal(corrupted[: 400 - 250 + 1], var[: 400 - 250 + 1])


def test_columns_agree_with_samples() -> None:
    pnl = np.random.default_rng(2).normal(size=(333, 7))
    var, shortfall = tail_columns(pnl, 0.95)
    for column in range(7):
        tail = tail_of(pnl[:, column], 0.95)
        assert var[column] == tail.value_at_risk
        assert shortfall[column] == pytest.approx(tail.expected_shortfall, rel=1e-12)


def test_too_little_is_refused() -> None:
    with pytest.raises(HistoryTooShort):
        rolling_risk(np.zeros(250), 250, 0.99)
    with pytest.raises(HistoryTooShort):
        rolling_risk(np.zeros(250), 50, 0.99)
    with pytest.raises(InvalidInput):
        rolling_risk(np.zeros((250, 2)), 100, 0.99)
    with pytest.raises(InvalidInput):
        rolling_risk(np.full(300, np.nan), 100, 0.99)


def test_the_second_month_of_real_crude(shared_data: Callable[[str], Path]) -> None:
    # 250 days of the daily dollar change of position 2, lower quantile, lagged a day. To February
    # 2025 it has 56 exceptions in 4,319 days, a ratio of 3.5096; the data at hand end in 2023.
    table = pq.read_table(
        shared_data("futures_settlements.parquet"),
        filters=[("product", "=", "CL"), ("position", "=", 2)],
    ).sort_by("date")
    changes = np.diff(table["settlement"].to_numpy())
    var, _ = rolling_risk(changes, 250, 0.99)
    slow = [
        -sorted(changes[day - 250 : day].tolist())[int(0.01 * 249)]
        for day in range(250, len(changes))
    ]
    np.testing.assert_array_equal(var, slow)
    found = conditional_coverage(exceptions_of(changes[250:], var), 0.01)
    assert (found.exceptions, found.observations) == (54, 4031)
    assert found.unconditional.statistic == pytest.approx(4.2445, abs=5e-5)
    assert found.independence.statistic == pytest.approx(0.0971, abs=5e-5)
    assert not found.joint.is_rejected()
