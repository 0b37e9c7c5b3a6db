"""Hold drawn numbers against the distributions they are to have, and paths against each other."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from quant.risk.kernels.path_draws import LANES, fill_starts, fill_tile

Reals = NDArray[np.float64]
KEY = np.uint64(0x1234_5678_9ABC_DEF0)


def draws(first: int, paths: int, rows: int, freedom: float = 0.0, key: np.uint64 = KEY) -> Reals:
    """Draw (paths, rows), a tile at a time."""
    states = np.zeros((4, LANES), dtype=np.uint64)
    tiles = []
    for start in range(first, first + paths, LANES):
        tile = np.zeros((rows, LANES))
        fill_tile(key, start + np.arange(LANES), freedom, states, tile)
        tiles.append(tile.T)
    return np.concatenate(tiles)[:paths]


def test_normals_are_normal() -> None:
    drawn = draws(0, 128 * 1000, 8)
    values = drawn.ravel()
    assert stats.kstest(values, "norm").pvalue > 1e-3
    for power, mean, second in ((1, 0, 1), (2, 1, 3), (3, 0, 15), (4, 3, 105), (6, 15, 10395)):
        error = np.sqrt((second - mean**2) / values.size)
        assert np.mean(values**power) == pytest.approx(mean, abs=4 * error)
    for edge in (3.0, 4.0):
        expected = values.size * stats.norm.sf(edge)
        for found in (np.sum(values > edge), np.sum(values < -edge)):
            assert found == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_numbers_of_a_path_and_of_neighbours_are_independent() -> None:
    drawn = draws(0, 128 * 1000, 8)
    error = 1.0 / np.sqrt(len(drawn))
    for values in (drawn, drawn**2):
        off = np.corrcoef(values.T) - np.eye(8)
        assert np.abs(off).max() < 4.5 * error
    for lag in (1, 2, LANES):
        assert np.abs((drawn[lag:] * drawn[:-lag]).mean(axis=0)).max() < 4.5 * error


@pytest.mark.parametrize("freedom", [2.5, 4.0, 30.0])
def test_students_t_has_its_distribution_and_one_mixing_a_path(freedom: float) -> None:
    drawn = draws(0, 128 * 400, 2, freedom)
    scale = np.sqrt((freedom - 2.0) / freedom)
    for row in drawn.T:
        assert stats.kstest(row / scale, stats.t(freedom).cdf).pvalue > 1e-3
    if freedom > 4.0:
        assert drawn.var() == pytest.approx(1.0, rel=0.03)
    # uncorrelated but dependent: a large number comes with a large one
    ranks = [stats.rankdata(np.abs(row)) for row in drawn.T]
    assert np.corrcoef(ranks)[0, 1] > 1.0 / (2 * freedom + 10)


def test_a_path_is_the_same_whoever_draws_it() -> None:
    whole = draws(0, 512, 6)
    np.testing.assert_array_equal(draws(256, 128, 6), whole[256:384])
    states, tile = np.zeros((4, LANES), dtype=np.uint64), np.zeros((6, LANES))
    shuffled = np.random.default_rng(0).permutation(512)[:LANES]
    fill_tile(KEY, shuffled, 0.0, states, tile)
    np.testing.assert_array_equal(tile.T, whole[shuffled])
    assert not np.array_equal(draws(0, 128, 6, key=np.uint64(1)), whole[:128])


def test_starts_are_uniform() -> None:
    states = np.zeros((4, LANES), dtype=np.uint64)
    counts = np.zeros(10)
    for tile in range(200):
        starts = np.zeros((5, LANES), dtype=np.int32)
        fill_starts(KEY, tile * LANES + np.arange(LANES), 10, states, starts)
        counts += np.bincount(starts.ravel(), minlength=10)
    assert counts.size == 10
    assert stats.chisquare(counts).pvalue > 1e-3
