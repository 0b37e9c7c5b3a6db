import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap

from core.errors import InvalidInput
from quant.forecast.scores.bootstrap import Blocks, bootstrap_interval, resampled_days


def autoregression(days: int, seed: int, coefficient: float = 0.6) -> np.ndarray:
    shocks = np.random.default_rng(seed).standard_normal(days)
    values = np.empty(days)
    values[0] = shocks[0]
    for day in range(1, days):
        values[day] = coefficient * values[day - 1] + shocks[day]
    return values


def mean(values: np.ndarray) -> float:
    return float(values.mean())


@pytest.mark.parametrize("blocks", list(Blocks))
def test_blocks_follow_each_other_as_days_do(blocks: Blocks) -> None:
    drawn = resampled_days(500, mean_length=10, resamples=50, blocks=blocks)
    assert drawn.shape == (50, 500)
    assert drawn.min() >= 0
    assert drawn.max() < 500
    breaks = np.mean((np.diff(drawn, axis=1) % 500) != 1)
    assert breaks == pytest.approx(0.1, abs=0.01)


def test_every_day_is_as_likely() -> None:
    drawn = resampled_days(40, mean_length=8, resamples=4_000)
    counts = np.bincount(drawn.ravel(), minlength=40) / drawn.size
    np.testing.assert_allclose(counts, 1 / 40, rtol=0.06)


def test_a_resample_does_not_depend_on_how_many_are_drawn() -> None:
    few = resampled_days(100, mean_length=5, resamples=3, seed=7)
    many = resampled_days(100, mean_length=5, resamples=30, seed=7)
    np.testing.assert_array_equal(few, many[:3])


def test_the_interval_is_that_of_arch() -> None:
    values = autoregression(1_000, 0)
    ours = bootstrap_interval(values, mean, mean_length=20, resamples=2_000)
    theirs = StationaryBootstrap(20, values, seed=np.random.default_rng(1)).conf_int(
        mean, reps=2_000, method="percentile"
    )
    half = (theirs[1, 0] - theirs[0, 0]) / 2
    assert ours.lower == pytest.approx(theirs[0, 0], abs=0.15 * half)
    assert ours.upper == pytest.approx(theirs[1, 0], abs=0.15 * half)


@pytest.mark.parametrize("blocks", list(Blocks))
def test_intervals_hold_the_true_mean_about_as_often_as_they_say(blocks: Blocks) -> None:
    held = [
        interval.lower <= 0.0 <= interval.upper
        for interval in (
            bootstrap_interval(
                autoregression(400, 100 + seed), mean, mean_length=20, resamples=150, blocks=blocks
            )
            for seed in range(150)
        )
    ]
    # single days would hold it in some 70 %; blocks fall short a little, as is known of them
    assert 0.84 <= np.mean(held) <= 0.99


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidInput):
        resampled_days(10, mean_length=11, resamples=5)
    with pytest.raises(InvalidInput):
        resampled_days(0, mean_length=1, resamples=5)
    with pytest.raises(InvalidInput):
        bootstrap_interval(np.array([1.0, np.nan]), mean, mean_length=1)
    with pytest.raises(InvalidInput):
        bootstrap_interval(np.ones(5), mean, mean_length=1, confidence=1.0)
