import numpy as np

from quant.forecast.draws import drawn_ages, uniforms


def test_path_n_is_the_same_however_many_are_drawn() -> None:
    few, many = uniforms(7, 1_500), uniforms(7, 3_000)
    assert few.shape == (1_500, 61)
    np.testing.assert_array_equal(few, many[:1_500])
    assert (uniforms(8, 1_500) != few).all()


def test_days_come_as_often_as_their_weight() -> None:
    drawn = drawn_ages(0, 20_480, 100, 40.0)
    counts = np.bincount(drawn.ravel(), minlength=100) / drawn.size
    weights = 0.5 ** (np.arange(100) / 40.0)
    np.testing.assert_allclose(counts, weights / weights.sum(), rtol=0.05)


def test_blocks_of_paths_differ() -> None:
    drawn = drawn_ages(0, 2_048, 1_000, 250.0)
    assert (drawn[:, :1_024] != drawn[:, 1_024:]).mean() > 0.99
