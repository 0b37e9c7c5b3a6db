from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from benchmarks.skill import walk as walk_module
from benchmarks.skill.history import histories
from benchmarks.skill.walk import WINDOWS, Walk, walk
from quant.calendars import business_days
from quant.continuous import SettlementHistory
from quant.forecast.scores.crps import crps_sample
from quant.holidays import Calendar

SharedData = Callable[[str], Path]
DAYS = business_days(date(2010, 1, 4), date(2011, 6, 30), Calendar.NYMEX)
FIRST, LAST = date(2011, 2, 15), date(2011, 4, 15)
HORIZONS = (1, 5)


@pytest.fixture(autouse=True)
def _refit_within_the_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_module, "REFIT_DAYS", 150)


def simulated() -> SettlementHistory:
    generator = np.random.default_rng(0)
    shocks = generator.standard_t(5, (len(DAYS), 1)) + 0.1 * generator.normal(size=(len(DAYS), 14))
    return SettlementHistory(product="CL", dates=DAYS, settlements=80.0 + shocks.cumsum(axis=0))


def scored(history: SettlementHistory, first: date = FIRST, last: date = LAST) -> Walk:
    return walk(history, first, last, horizons=HORIZONS, paths=64)


def corrupted(history: SettlementHistory, last_kept: date) -> SettlementHistory:
    settlements = history.settlements.copy()
    later = np.array([day > last_kept for day in history.dates])
    noise = np.random.default_rng(1).normal(size=settlements.shape)
    settlements[later] = -3.0 * settlements[later] + 40.0 * noise[later]
    return replace(history, settlements=settlements)


def check_no_look_ahead(history: SettlementHistory, first: date, last: date) -> None:
    whole = scored(history, first, last)
    for last_kept in whole.dates[10::20]:
        found = scored(corrupted(history, last_kept), first, last)
        made_by_then = whole.dates.index(last_kept) + 2
        np.testing.assert_array_equal(
            found.quantiles[:made_by_then], whole.quantiles[:made_by_then]
        )
        assert (found.quantiles[made_by_then:] != whole.quantiles[made_by_then:]).any()
        for number, horizon in enumerate(HORIZONS):
            ended = made_by_then - horizon
            for ours, theirs in [
                (found.crps, whole.crps),
                *((found.peer_crps[n], whole.peer_crps[n]) for n in WINDOWS),
            ]:
                np.testing.assert_array_equal(ours[:ended, number], theirs[:ended, number])


def test_a_corrupted_future_changes_no_forecast_made_before() -> None:
    check_no_look_ahead(simulated(), FIRST, LAST)


def test_a_corrupted_future_of_real_gas_changes_nothing_either(shared_data: SharedData) -> None:
    first, last = date(2008, 9, 2), date(2008, 9, 30)
    history = histories(shared_data("futures_settlements.parquet"), first)["NG"]
    check_no_look_ahead(history, first, last)


def test_days_without_a_price_delay_nothing_but_the_fit() -> None:
    history = simulated()
    settlements = history.settlements.copy()
    settlements[[5, 100]] = np.nan
    found = scored(replace(history, settlements=settlements))
    assert found.dates == scored(history).dates
    assert np.isfinite(found.quantiles).all()
    assert np.isfinite(found.crps).any(axis=(0, 2)).all()


def test_every_day_is_forecast_once_and_scored_on_what_came() -> None:
    history = simulated()
    found = scored(history)
    assert found.dates == tuple(day for day in DAYS if FIRST <= day <= LAST)
    changes = history.held_changes(12)[:, [0, 5, 11]]
    start = DAYS.index(found.dates[0]) - 1
    np.testing.assert_array_equal(found.changes, changes[start : start + len(found.dates)])
    assert found.quantiles.shape == (len(found.dates), 4, 3)
    assert (np.diff(found.quantiles, axis=1) > 0.0).all()
    assert np.isfinite(found.crps[:, 0]).all()
    assert np.isnan(found.crps[-4:, 1]).all()
    assert np.isfinite(found.crps[:-4, 1]).all()


def test_the_peer_is_the_sample_of_the_window() -> None:
    history = simulated()
    found = scored(history)
    changes = history.held_changes(12)[:, [0, 5, 11]]
    day = DAYS.index(found.dates[0]) - 1
    sums = np.array([changes[n : n + 5].sum(axis=0) for n in range(len(changes) - 4)])
    past = sums[day - 250 : day - 4]
    np.testing.assert_allclose(
        found.peer_crps[250][0, 1], crps_sample(past.T, sums[day]), rtol=1e-9
    )


def test_a_missing_price_is_not_scored() -> None:
    history = simulated()
    settlements = history.settlements.copy()
    row = DAYS.index(date(2011, 3, 15))
    settlements[row, 11:] = np.nan
    found = scored(replace(history, settlements=settlements))
    missing = found.dates.index(date(2011, 3, 15))
    assert np.isnan(found.changes[missing, 2])
    assert np.isnan(found.crps[missing, 0, 2])
    assert np.isfinite(found.crps[missing, 0, :2]).all()
    assert np.isfinite(found.quantiles).all()
