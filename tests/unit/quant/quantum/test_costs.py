"""Check costs against the quadratic form itself, and what is no quadratic objective."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.basis import Basis, positions_of
from quant.quantum.costs import check_quadratic, cost_vector, is_convex, subset_costs

Reals = NDArray[np.float64]


@st.composite
def bases(draw: st.DrawFn) -> Basis:
    n = draw(st.integers(2, 10))
    return Basis(n, draw(st.integers(1, n - 1)))


def random_objective(n: int, seed: int) -> tuple[Reals, Reals]:
    random = np.random.default_rng(seed)
    mu, half = random.normal(size=n), random.normal(size=(n, n))
    return mu, half + half.T


@given(bases(), st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_equals_the_quadratic_form(basis: Basis, seed: int, q: float) -> None:
    mu, sigma = random_objective(basis.n, seed)
    expected = [q * x @ sigma @ x - mu @ x for x in basis.bits.astype(float)]
    np.testing.assert_allclose(cost_vector(basis, mu, sigma, q), expected, atol=1e-12, rtol=1e-13)


@given(bases(), st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_one_subset_has_one_value_bit_for_bit(basis: Basis, seed: int, q: float) -> None:
    mu, sigma = random_objective(basis.n, seed)
    positions = positions_of(basis.masks, basis.n, basis.k)
    alone = [subset_costs(row[None, :], mu, sigma, q)[0] for row in positions]
    assert cost_vector(basis, mu, sigma, q).tolist() == alone
    assert subset_costs(positions, mu, sigma, q).tolist() == alone


@pytest.mark.parametrize(("n", "k"), [(50, 4), (24, 18), (40, 37)])
def test_large_bases_agree_with_their_subsets(n: int, k: int) -> None:
    basis = Basis(n, k)
    mu, sigma = random_objective(n, seed=n)
    ranks = np.random.default_rng(k).integers(basis.size, size=500)
    positions = positions_of(basis.masks[ranks], n, k)
    expected = subset_costs(positions, mu, sigma, 0.5)
    assert cost_vector(basis, mu, sigma, 0.5)[ranks].tolist() == expected.tolist()


class TestCheckQuadratic:
    def test_takes_an_asymmetry_of_rounding(self) -> None:
        mu, sigma = random_objective(4, seed=1)
        sigma[0, 3] += 1e-11
        check_quadratic(mu, sigma, 0.5)

    @pytest.mark.parametrize("scale", [1e-14, 1.0, 1e300])
    def test_refuses_an_asymmetry_beyond_rounding(self, scale: float) -> None:
        mu, sigma = random_objective(4, seed=1)
        sigma[0, 3] += 1e-6
        with pytest.raises(InvalidInput, match="sigma: expected a symmetric matrix"):
            check_quadratic(mu, scale * sigma, 0.5)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    @pytest.mark.parametrize("field", ["mu", "sigma", "q"])
    def test_refuses_what_is_not_finite(self, field: str, bad: float) -> None:
        mu, sigma = random_objective(4, seed=1)
        q = 0.5
        match field:
            case "mu":
                mu[2] = bad
            case "sigma":
                sigma[1, 2] = sigma[2, 1] = bad
            case _:
                q = bad
        with pytest.raises(InvalidInput, match=f"{field}: expected finite numbers"):
            check_quadratic(mu, sigma, q)

    @pytest.mark.parametrize("shape", [(4,), (4, 3), (3, 4), (3, 3), (4, 4, 1)])
    def test_refuses_sigma_of_another_shape(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InvalidInput, match=r"sigma: expected shape \(4, 4\)"):
            check_quadratic(np.zeros(4), np.zeros(shape), 0.5)

    @pytest.mark.parametrize(
        ("shape", "field"), [((), "mu"), ((2, 2), "mu"), ((0,), "n"), ((1,), "n")]
    )
    def test_refuses_mu_that_is_no_vector_of_two(self, shape: tuple[int, ...], field: str) -> None:
        with pytest.raises(InvalidInput, match=field):
            check_quadratic(np.zeros(shape), np.zeros((2, 2)), 0.5)

    def test_costs_are_of_the_variables_of_the_basis(self) -> None:
        mu, sigma = random_objective(4, seed=1)
        with pytest.raises(InvalidInput, match="mu: expected 5 numbers, was 4"):
            cost_vector(Basis(5, 2), mu, sigma, 0.5)


class TestIsConvex:
    def test_says_of_a_covariance_that_it_is(self) -> None:
        factors = np.random.default_rng(2).normal(size=(6, 3))
        assert is_convex(factors @ factors.T)
        assert is_convex(np.zeros((3, 3)))

    @pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
    def test_says_of_a_saddle_that_it_is_not(self, scale: float) -> None:
        assert not is_convex(scale * np.array([[1.0, 2.0], [2.0, 1.0]]))
