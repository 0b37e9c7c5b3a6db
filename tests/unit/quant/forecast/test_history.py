import numpy as np
import pytest

from quant.forecast.history import (
    history_paths,
    history_share,
    history_variances,
    running_sums,
    without_drift,
    write_history_changes,
)


def test_a_day_repeats_no_history_and_far_horizons_most() -> None:
    shares = [history_share(horizon, 0.5, 20.0) for horizon in (1, 5, 21, 60)]
    np.testing.assert_allclose(shares, [0.0, 0.5 * 4 / 24, 0.25, 0.5 * 59 / 79])


def test_paths_run_along_past_days() -> None:
    changes = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
    places = np.array([0.0, 0.5, 0.49, 0.99])
    paths = history_paths(changes, places, 3)
    assert paths.shape == (3, 2, 4)
    np.testing.assert_array_equal(paths[:, 0, 0], [2.0, 5.0, 9.0])
    np.testing.assert_array_equal(paths[:, 1, 1], [10.0, 30.0, 60.0])
    np.testing.assert_array_equal(paths[:, :, 2:], paths[:, :, :2])
    ends = np.zeros((2, 6))
    write_history_changes(running_sums(changes), places, 3, np.array([4, 0, 1, 5]), ends)
    np.testing.assert_array_equal(ends[:, [4, 0, 1, 5]], paths[-1])
    np.testing.assert_array_equal(ends[:, [2, 3]], 0.0)


def test_the_past_has_no_drift() -> None:
    changes = np.random.default_rng(0).normal(loc=0.3, size=(200, 2))
    np.testing.assert_allclose(without_drift(changes).mean(axis=0), 0.0, atol=1e-15)


@pytest.mark.parametrize("horizon", [1, 4, 9])
def test_the_variance_is_that_of_all_overlapping_sums(horizon: int) -> None:
    changes = np.random.default_rng(0).normal(size=(9, 2))
    sums = [changes[n : n + horizon].sum(axis=0) for n in range(10 - horizon)]
    np.testing.assert_allclose(
        history_variances(running_sums(changes), horizon), np.mean(np.square(sums), axis=0)
    )
