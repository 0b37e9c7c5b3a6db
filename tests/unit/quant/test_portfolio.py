"""Check the classical answers against published optima and a loop over itertools."""

import json
import pickle
from datetime import date
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.portfolio import (
    PortfolioProblem,
    Window,
    build_problem,
    chosen_of,
    exhaustive,
    objective,
    random_baseline,
)

Reals = NDArray[np.float64]
WINDOW = Window(first=date(2023, 1, 3), last=date(2023, 12, 29), days=250)


def make_problem(mu: Reals, sigma: Reals, k: int, q: float = 0.5) -> PortfolioProblem:
    labels = tuple(f"A{i}" for i in range(len(mu)))
    return PortfolioProblem(
        labels=labels, mu=mu, sigma=sigma, q=q, k=k, scale=1.0, window=WINDOW, vintage="test"
    )


def random_problem(n: int, k: int, seed: int) -> PortfolioProblem:
    random = np.random.default_rng(seed)
    factors = random.normal(size=(n, n))
    return make_problem(random.normal(size=n), factors @ factors.T / n, k)


def barkoutsos() -> PortfolioProblem:
    """The instance of Barkoutsos et al., arXiv 1907.04769, as in qiskit-optimization."""
    sigma = np.array(
        [
            [0.7312, -0.6233, 0.4689, -0.5452, -0.0082, -0.3809],
            [-0.6233, 2.4732, -0.7538, 2.4659, -0.0733, 0.8945],
            [0.4689, -0.7538, 1.1543, -1.4095, 0.0007, -0.4301],
            [-0.5452, 2.4659, -1.4095, 3.5067, 0.2012, 1.0922],
            [-0.0082, -0.0733, 0.0007, 0.2012, 0.6231, 0.1509],
            [-0.3809, 0.8945, -0.4301, 1.0922, 0.1509, 0.8992],
        ]
    )
    return make_problem(np.array([0.7313, 0.9893, 0.2725, 0.8750, 0.7667, 0.3622]), sigma, k=3)


def ranking(problem: PortfolioProblem) -> list[tuple[float, tuple[int, ...]]]:
    costs = problem.costs()
    return [(float(costs[rank]), chosen_of(problem, int(rank))) for rank in costs.argsort()]


class TestExhaustive:
    def test_ranks_the_cvar_instance(self) -> None:
        first, second, third = ranking(barkoutsos())[:3]
        assert first == (pytest.approx(-1.27835, abs=1e-12), (0, 1, 4))
        assert second == (pytest.approx(-0.97165, abs=1e-12), (0, 4, 5))
        assert third == (pytest.approx(-0.7296, abs=1e-12), (1, 2, 4))
        optimum = exhaustive(barkoutsos())
        assert optimum.chosen == (0, 1, 4)
        assert optimum.evaluated == 20
        assert optimum.worst_objective == pytest.approx(5.66565, abs=1e-12)
        assert optimum.proven

    def test_ranks_the_four_asset_instance(self) -> None:
        """The numbers of qiskit-finance's unit test; the optima are the design's own."""
        sigma = np.array(
            [
                [2.54138859e-03, 7.34022167e-05, 1.28600531e-04, -9.98612132e-05],
                [7.34022167e-05, 2.58486713e-04, 5.30427595e-05, 4.44816208e-05],
                [1.28600531e-04, 5.30427595e-05, 7.91504681e-04, -1.23887382e-04],
                [-9.98612132e-05, 4.44816208e-05, -1.23887382e-04, 1.97892585e-04],
            ]
        )
        mu = np.array([0.01528439, -0.00078095, 0.00051792, 0.00087001])
        first, second, third = ranking(make_problem(mu, sigma, k=2))[:3]
        assert first == (pytest.approx(-0.0148846206, abs=5e-11), (0, 3))
        assert second == (pytest.approx(-0.0140072628, abs=5e-11), (0, 2))
        assert third == (pytest.approx(-0.0130301001, abs=5e-11), (0, 1))

    @given(st.integers(2, 9), st.data())
    @settings(max_examples=50, deadline=None)
    def test_equals_a_loop_over_combinations(self, n: int, data: st.DataObject) -> None:
        problem = random_problem(n, data.draw(st.integers(1, n - 1)), data.draw(st.integers(0, 99)))
        values = {}
        for chosen in combinations(range(n), problem.k):
            risk = sum(problem.sigma[i][j] for i in chosen for j in chosen)
            values[chosen] = problem.q * risk - sum(problem.mu[i] for i in chosen)
        optimum = exhaustive(problem)
        assert optimum.chosen == min(values, key=values.__getitem__)
        assert optimum.objective == pytest.approx(min(values.values()), abs=1e-12)
        assert optimum.worst_objective == pytest.approx(max(values.values()), abs=1e-12)
        assert optimum.evaluated == len(values)

    def test_takes_the_first_of_equal_optima(self) -> None:
        assert exhaustive(make_problem(np.zeros(5), np.zeros((5, 5)), k=2)).chosen == (0, 1)

    def test_objective_is_the_same_to_the_last_bit(self) -> None:
        problem = random_problem(12, 5, seed=3)
        optimum = exhaustive(problem)
        bits = np.zeros(12, dtype=np.int64)
        bits[list(optimum.chosen)] = 1
        assert objective(problem, bits) == optimum.objective

    @pytest.mark.parametrize("bits", [np.zeros(5, dtype=int), np.full(6, 2)])
    def test_objective_refuses_other_vectors(self, bits: NDArray[np.int64]) -> None:
        with pytest.raises(InvalidInput, match="bits"):
            objective(barkoutsos(), bits)


class TestRandomBaseline:
    def test_is_seeded(self) -> None:
        problem = random_problem(16, 6, seed=1)
        assert random_baseline(problem, 3000, 7) == random_baseline(problem, 3000, 7)

    def test_more_draws_are_never_worse(self) -> None:
        problem = random_problem(16, 6, seed=1)
        few = random_baseline(problem, 1024, 7)
        many = random_baseline(problem, 4096, 7)
        optimum = exhaustive(problem)
        assert few.objective >= many.objective >= optimum.objective
        bits = np.zeros(16, dtype=np.int64)
        bits[list(many.chosen)] = 1
        assert objective(problem, bits) == many.objective

    def test_finds_the_optimum_of_a_small_problem(self) -> None:
        assert random_baseline(barkoutsos(), 4096, 1).chosen == (0, 1, 4)


class TestBuildProblem:
    def test_estimates_and_scales(self) -> None:
        changes = np.random.default_rng(0).normal(5.0, 300.0, size=(250, 4))
        problem = build_problem(
            labels=("a", "b", "c", "d"),
            changes=changes,
            q=0.5,
            k=2,
            first=WINDOW.first,
            last=WINDOW.last,
            vintage="v",
        )
        sigma = np.cov(changes, rowvar=False, ddof=1)
        assert problem.scale == pytest.approx(np.trace(sigma) / 4, rel=1e-12)
        np.testing.assert_allclose(problem.sigma * problem.scale, sigma, rtol=1e-10)
        np.testing.assert_allclose(problem.mu * problem.scale, changes.mean(axis=0), rtol=1e-12)
        assert problem.window == Window(first=WINDOW.first, last=WINDOW.last, days=250)

    @pytest.mark.parametrize(
        "changes",
        [np.zeros((1, 3)), np.zeros((5, 3)), np.array([[1.0, 2.0, np.nan], [1.0, 2.0, 3.0]])],
    )
    def test_refuses_what_has_no_covariance(self, changes: Reals) -> None:
        with pytest.raises(InvalidInput, match="changes"):
            build_problem(
                labels=("a", "b", "c"),
                changes=changes,
                q=0.5,
                k=1,
                first=WINDOW.first,
                last=WINDOW.last,
                vintage="v",
            )


class TestPortfolioProblem:
    @given(st.integers(0, 2**32 - 1), st.floats(0, 1e6), st.floats(1e-9, 1e9))
    def test_json_keeps_every_bit(self, seed: int, q: float, scale: float) -> None:
        source = random_problem(6, 3, seed)
        problem = PortfolioProblem(
            labels=source.labels,
            mu=source.mu / scale,
            sigma=source.sigma / scale,
            q=q,
            k=3,
            scale=scale,
            window=WINDOW,
            vintage="import:rtl@1",
        )
        again = PortfolioProblem.from_json(json.loads(json.dumps(problem.to_json())))
        assert again.mu.tobytes() == problem.mu.tobytes()
        assert again.sigma.tobytes() == problem.sigma.tobytes()
        assert again.to_json() == problem.to_json()

    def test_survives_pickling(self) -> None:
        problem = barkoutsos()
        assert pickle.loads(pickle.dumps(problem)).to_json() == problem.to_json()  # noqa: S301

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("labels", ("x",) * 6),
            ("mu", np.zeros(5)),
            ("mu", np.full(6, np.inf)),
            ("sigma", np.zeros((6, 5))),
            ("sigma", np.triu(np.ones((6, 6)))),
            ("q", float("nan")),
            ("scale", 0.0),
            ("k", 6),
        ],
    )
    def test_refuses_broken_values(self, field: str, value: object) -> None:
        values = {name: getattr(barkoutsos(), name) for name in PortfolioProblem.__slots__}
        with pytest.raises(InvalidInput) as caught:
            PortfolioProblem(**{**values, field: value})
        assert caught.value.context["field"] == field

    def test_refuses_too_many_subsets(self) -> None:
        with pytest.raises(InvalidInput, match="3000000 subsets"):
            make_problem(np.zeros(25), np.zeros((25, 25)), k=12)
