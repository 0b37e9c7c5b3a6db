"""Check the order of a grid's points."""

from core.specifications.landscape import Axis
from jobs.plans.grids import points_of


def test_beta_varies_fastest_and_ranges_join() -> None:
    gamma, beta = Axis(low=-1, high=1, points=3), Axis(low=0, high=0.5, points=2)
    gammas, betas = points_of(gamma, beta, 0, 6)
    assert gammas.tolist() == [-1, -1, 0, 0, 1, 1]
    assert betas.tolist() == [0, 0.5] * 3
    some = points_of(gamma, beta, 3, 5)
    assert [part.tolist() for part in some] == [[0, 1], [0.5, 0]]
