"""Check the spin form of a quadratic cost, and the order of its couplings."""

from itertools import combinations

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.quantum.ising import Ising, coupling_order


def test_terms_equal_the_quadratic_cost_on_every_state() -> None:
    random = np.random.default_rng(5)
    mu, sigma, q = random.normal(size=5), random.normal(size=(5, 5)), 0.7
    cost = Ising.of_quadratic(mu, sigma, q)
    for mask in range(32):
        x = np.array([mask >> i & 1 for i in range(5)])
        z = 1 - 2 * x
        energy = cost.offset + cost.fields @ z + z @ cost.couplings @ z
        assert energy == pytest.approx(q * x @ sigma @ x - mu @ x, abs=1e-12)


@pytest.mark.parametrize(
    ("field", "mu", "sigma", "q"),
    [
        ("mu", np.zeros((2, 2)), np.zeros((2, 2)), 1.0),
        ("mu", np.array([0.0, np.nan]), np.zeros((2, 2)), 1.0),
        ("sigma", np.zeros(3), np.zeros((3, 2)), 1.0),
        ("sigma", np.zeros(2), np.full((2, 2), np.inf), 1.0),
        ("q", np.zeros(2), np.zeros((2, 2)), np.nan),
        ("fields", np.zeros(1), np.zeros((1, 1)), 1.0),
    ],
)
def test_refuses_a_cost_that_is_none(
    field: str, mu: np.ndarray, sigma: np.ndarray, q: float
) -> None:
    with pytest.raises(InvalidInput) as refused:
        Ising.of_quadratic(mu, sigma, q)
    assert refused.value.context["field"] == field


def test_refuses_a_coupling_given_twice() -> None:
    with pytest.raises(InvalidInput) as refused:
        Ising(offset=0.0, fields=np.zeros(2), couplings=np.ones((2, 2)))
    assert refused.value.context["field"] == "couplings"


@pytest.mark.parametrize("n", range(2, 25))
def test_couplings_are_listed_once_in_few_layers(n: int) -> None:
    order = coupling_order(n)
    assert sorted(order) == list(combinations(range(n), 2))
    layer = [0] * n
    for i, j in order:
        layer[i] = layer[j] = max(layer[i], layer[j]) + 1
    assert max(layer) <= n + 2
