import numpy as np

from quant.forecast.draws import drawn_days


def test_path_n_is_the_same_however_many_are_drawn() -> None:
    few = drawn_days(7, 1_500, 1_000, 250.0)
    many = drawn_days(7, 3_000, 1_000, 250.0)
    np.testing.assert_array_equal(few, many[:1_500])
    assert (drawn_days(8, 1_500, 1_000, 250.0) != few).any()


def test_days_come_as_often_as_their_weight() -> None:
    drawn = drawn_days(0, 20_480, 100, 40.0)
    counts = np.bincount(drawn.ravel(), minlength=100) / drawn.size
    weights = 0.5 ** (np.arange(99, -1, -1) / 40.0)
    np.testing.assert_allclose(counts, weights / weights.sum(), rtol=0.05)


def test_blocks_of_paths_differ() -> None:
    drawn = drawn_days(0, 2_048, 1_000, 250.0)
    assert (drawn[:1_024] != drawn[1_024:]).mean() > 0.99
