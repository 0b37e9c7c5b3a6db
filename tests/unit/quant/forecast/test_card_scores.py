from datetime import date

import numpy as np
import pytest

from quant.calendars import business_days
from quant.forecast import card_scores
from quant.forecast.card_scores import SCORED_DAYS, scored_density
from quant.forecast.scores.crps import crps_sample
from quant.holidays import Calendar

DAYS = business_days(date(2010, 1, 4), date(2012, 12, 31), Calendar.NYMEX)[:620]


def clustered() -> np.ndarray:
    """Draw two positions whose volatility is sixfold for a month in every six."""
    generator = np.random.default_rng(0)
    size = np.where(np.arange(len(DAYS)) % 126 < 21, 6.0, 1.0)[:, None]
    common = generator.standard_normal((len(DAYS), 1))
    return size * (common + 0.1 * generator.standard_normal((len(DAYS), 2)))


def test_a_model_of_clusters_beats_history_at_a_day() -> None:
    found = scored_density("CL", (1, 2), DAYS, clustered())
    assert found is not None
    assert found.scored_from == DAYS[-SCORED_DAYS]
    assert [score.horizon for score in found.scores] == [1, 5, 20]
    first = found.scores[0]
    assert first.ours < first.baseline
    assert first.high < 0.0
    for score in found.scores:
        assert score.low < score.ours - score.baseline < score.high
        assert score.baseline_name.startswith("historical simulation of ")


def test_the_baseline_is_the_best_window_of_past_changes() -> None:
    changes = clustered()
    found = scored_density("CL", (1, 2), DAYS, changes)
    assert found is not None
    cut = len(DAYS) - SCORED_DAYS
    means = []
    for window in (250, 500, 1_000):
        scores = []
        for day in range(cut, len(DAYS) - 4):
            starts = range(max(0, day - window), day - 4)
            past = np.array([changes[n : n + 5].sum(axis=0) for n in starts])
            scores.append(crps_sample(past.T, changes[day : day + 5].sum(axis=0)).mean())
        means.append(np.mean(scores))
    assert found.scores[1].baseline == pytest.approx(min(means), rel=1e-12)


def test_nothing_after_a_forecast_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    changes, corrupted = clustered(), clustered()
    cut, kept = len(DAYS) - SCORED_DAYS, 100
    corrupted[cut + kept :] *= -7.0
    seen: list[dict[int, np.ndarray]] = []

    def recorded(*arguments: object) -> dict[int, np.ndarray]:
        seen.append(scores(*arguments))  # type: ignore[arg-type]
        return seen[-1]

    scores = card_scores._scores
    monkeypatch.setattr(card_scores, "_scores", recorded)
    for one in (changes, corrupted):
        scored_density("CL", (1, 2), DAYS, one)
    for horizon in card_scores.HORIZONS:
        ended = kept - horizon + 1
        np.testing.assert_array_equal(seen[0][horizon][:ended], seen[1][horizon][:ended])
        assert (seen[0][horizon][ended:] != seen[1][horizon][ended:]).all()


def test_missing_prices_are_not_scored() -> None:
    changes = clustered()
    changes[-100] = np.nan
    changes[-50, 1] = np.nan
    found = scored_density("CL", (1, 2), DAYS, changes)
    assert found is not None
    assert np.isfinite([[one.ours, one.baseline, one.low, one.high] for one in found.scores]).all()


def test_a_short_history_has_no_scores() -> None:
    days = SCORED_DAYS + 249
    assert scored_density("CL", (1, 2), DAYS[:days], clustered()[:days]) is None
