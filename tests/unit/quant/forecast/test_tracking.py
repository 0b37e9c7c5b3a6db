import numpy as np
import pytest

from quant.forecast.tracking import TRACKED_LEVELS, QuantileTracker, exceedances

PROBABILITIES = np.array([0.01, 0.05, 0.05, 0.01])


def begun(leak: float) -> QuantileTracker:
    return QuantileTracker(gains=(0.1, 0.05), leak=leak, corrections=np.zeros((4, 1)))


def test_lower_levels_are_exceeded_from_below_and_upper_from_above() -> None:
    thresholds = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    found = [exceedances(np.array([x]), thresholds)[:, 0].tolist() for x in (-3, -1, 0, 1.5)]
    assert found == [
        [True, True, False, False],
        [False, False, False, False],
        [False, False, False, False],
        [False, False, True, False],
    ]


def test_an_exceedance_widens_and_calm_narrows() -> None:
    tracker = begun(0.0).update(np.array([[True], [True], [False], [False]]))
    np.testing.assert_allclose(
        tracker.corrections[:, 0], [0.1 * 0.99, 0.05 * 0.95, -0.05 * 0.05, -0.1 * 0.01]
    )


@pytest.mark.parametrize("truth", [0.7, 1.5])
def test_without_a_leak_exceedances_reach_their_probability_whatever_comes(truth: float) -> None:
    # quantiles of a standard normal, and changes of another size that jumps half-way
    generator = np.random.default_rng(5)
    base = np.array([-2.3263, -1.6449, 1.6449, 2.3263])[:, None]
    tracker, hits = begun(0.0), np.zeros(4)
    for day in range(6_000):
        change = generator.standard_normal(1) * (truth if day < 3_000 else 1.0)
        exceeded = exceedances(change, base * np.exp(tracker.corrections))
        hits += exceeded[:, 0]
        tracker = tracker.update(exceeded)
    # the guarantee: |share − p| ≤ (range of θ + gain) / (gain · days)
    gains = np.array([0.1, 0.05, 0.05, 0.1])
    assert (np.abs(hits / 6_000 - PROBABILITIES) <= (1.0 + gains) / (gains * 6_000)).all()


def test_with_a_leak_corrections_are_forgotten() -> None:
    tracker = QuantileTracker(gains=(0.0, 0.0), leak=0.01, corrections=np.full((4, 1), 0.5))
    for _ in range(69):
        tracker = tracker.update(np.zeros((4, 1), dtype=bool))
    np.testing.assert_allclose(tracker.corrections, 0.25, rtol=1e-2)


def test_corrections_are_bounded() -> None:
    tracker = begun(0.0)
    for _ in range(100):
        tracker = tracker.update(np.ones((4, 1), dtype=bool))
    np.testing.assert_allclose(tracker.corrections, 1.0)
    assert TRACKED_LEVELS.tolist() == [0.01, 0.05, 0.95, 0.99]
