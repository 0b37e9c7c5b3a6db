from datetime import date

import numpy as np
import pytest

from quant.calendars import business_days
from quant.forecast.card_scores import (
    HORIZONS,
    SCORED_DAYS,
    WINDOWS,
    ScoredDensity,
    _historical,
    _scores,
    scored_density,
)
from quant.forecast.parameters import usual_parameters
from quant.forecast.scores.crps import crps_sample
from quant.holidays import Calendar

DAYS = business_days(date(2010, 1, 4), date(2012, 12, 31), Calendar.NYMEX)[:620]
CUT = len(DAYS) - SCORED_DAYS


def clustered() -> np.ndarray:
    """Draw two positions whose volatility is sixfold for a month in every six."""
    generator = np.random.default_rng(0)
    size = np.where(np.arange(len(DAYS)) % 126 < 21, 6.0, 1.0)[:, None]
    common = generator.standard_normal((len(DAYS), 1))
    return size * (common + 0.1 * generator.standard_normal((len(DAYS), 2)))


@pytest.fixture(scope="module")
def found() -> ScoredDensity:
    scored = scored_density("CL", (1, 2), DAYS, clustered())
    assert scored is not None
    return scored


def test_a_model_of_clusters_beats_history_at_a_day(found: ScoredDensity) -> None:
    assert found.scored_from == DAYS[CUT]
    assert [score.horizon for score in found.scores] == [1, 5, 20]
    assert found.scores[0].high < 0.0
    for score in found.scores:
        assert score.low < score.ours - score.baseline < score.high
        assert score.baseline_name.startswith("historical simulation of ")


def test_the_baseline_is_the_best_window_of_past_changes(found: ScoredDensity) -> None:
    changes = clustered()
    means = []
    for window in WINDOWS:
        scores = []
        for day in range(CUT, len(DAYS) - 4):
            starts = range(max(0, day - window), day - 4)
            past = np.array([changes[n : n + 5].sum(axis=0) for n in starts])
            scores.append(crps_sample(past.T, changes[day : day + 5].sum(axis=0)).mean())
        means.append(np.mean(scores))
    assert found.scores[1].baseline == pytest.approx(min(means), rel=1e-12)


def test_nothing_after_a_forecast_is_in_it() -> None:
    changes, corrupted, kept = clustered(), clustered(), 100
    corrupted[CUT + kept :] *= -7.0
    parameters = usual_parameters("CL", (1, 2))
    ours, others = (_scores(parameters, DAYS, one, CUT) for one in (changes, corrupted))
    for horizon in HORIZONS:
        ended = kept - horizon + 1
        np.testing.assert_array_equal(ours[horizon][:ended], others[horizon][:ended])
        assert (ours[horizon][ended:] != others[horizon][ended:]).all()


def test_missing_prices_are_not_scored() -> None:
    changes = clustered()
    changes[-100] = np.nan
    changes[-50, 1] = np.nan
    scored = scored_density("CL", (1, 2), DAYS, changes)
    assert scored is not None
    assert np.isfinite([[one.ours, one.baseline, one.low, one.high] for one in scored.scores]).all()


def test_a_position_that_often_has_no_price_hinders_no_other() -> None:
    changes = clustered()
    changes[::10, 1] = np.nan
    scored = scored_density("CL", (1, 2), DAYS, changes)
    assert scored is not None
    assert [one.horizon for one in scored.scores] == [1, 5, 20]
    # no twenty days in a row are known of the second, so the first alone is scored
    alone = [_historical(changes[:, :1], CUT, 20, window).mean() for window in WINDOWS]
    assert scored.scores[2].baseline == pytest.approx(min(alone), rel=1e-12)


def test_a_horizon_that_no_outcome_reaches_has_no_score() -> None:
    changes = clustered()
    changes[CUT::10] = np.nan
    scored = scored_density("CL", (1, 2), DAYS, changes)
    assert scored is not None
    assert [one.horizon for one in scored.scores] == [1, 5]


def test_a_short_history_has_no_scores() -> None:
    days = SCORED_DAYS + 249
    assert scored_density("CL", (1, 2), DAYS[:days], clustered()[:days]) is None
