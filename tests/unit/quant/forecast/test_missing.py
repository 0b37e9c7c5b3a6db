import numpy as np

from quant.forecast.missing import fill_days, fill_missing

NAN = np.nan


def test_a_missing_change_is_that_of_the_nearest_series() -> None:
    filled, count = fill_missing(np.array([NAN, 2.0, NAN, NAN, 5.0]))
    np.testing.assert_array_equal(filled, [2.0, 2.0, 2.0, 5.0, 5.0])
    assert count == 3


def test_nothing_is_filled_where_nothing_is_missing() -> None:
    changes = np.array([1.0, 2.0])
    filled, count = fill_missing(changes)
    np.testing.assert_array_equal(filled, changes)
    assert count == 0


def test_days_are_filled_by_size_and_empty_ones_left_out() -> None:
    changes = np.array([[2.0, 1.0], [NAN, NAN], [-4.0, -2.0], [3.0, NAN]])
    np.testing.assert_allclose(fill_days(changes), [[2, 1], [-4, -2], [3, 1.5]])


def test_a_series_that_is_never_known_moves_like_its_neighbour() -> None:
    changes = np.array([[2.0, NAN], [-4.0, NAN]])
    np.testing.assert_allclose(fill_days(changes), [[2, 2], [-4, -4]])


def test_prices_that_never_move_stay_so() -> None:
    np.testing.assert_array_equal(fill_days(np.array([[0.0, NAN], [0.0, 0.0]])), np.zeros((2, 2)))
