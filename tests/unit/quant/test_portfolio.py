"""Check the portfolio problem, how it is estimated, and the company it keeps."""

import json
import pickle
from dataclasses import fields
from datetime import date
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.answers import Method, best_answer
from quant.portfolio import Budget, company, solve
from quant.portfolio_problem import PortfolioProblem, Window, build_problem
from tests.subset_problems import barkoutsos, random_problem

Reals = NDArray[np.float64]
WINDOW = Window(first=date(2023, 1, 3), last=date(2023, 12, 29), days=250)


def portfolio(k: int = 3) -> PortfolioProblem:
    source = barkoutsos()
    return PortfolioProblem(
        labels=tuple(f"A{i}" for i in range(source.n)),
        mu=source.mu,
        sigma=source.sigma,
        q=source.q,
        k=k,
        scale=1.0,
        window=WINDOW,
        vintage="test",
    )


class TestCompany:
    def test_every_method_finds_the_cvar_instance_s_optimum(self) -> None:
        """The optimum of arXiv 1907.04769's instance, which even 4,096 random subsets meet."""
        answers = company(portfolio(), seed=1)
        assert [answer.method for answer in answers] == list(Method)
        for answer in answers:
            assert answer.chosen == (0, 1, 4)
            assert answer.objective == pytest.approx(-1.27835, abs=1e-12)
            assert answer.proven == (
                answer.method
                in {Method.EXHAUSTIVE, Method.BRANCH_AND_BOUND, Method.INTEGER_PROGRAM}
            )
            assert answer.elapsed_s is None
        assert best_answer(answers).proven

    def test_does_not_look_at_more_subsets_than_the_budget_allows(self) -> None:
        methods = [Method.EXHAUSTIVE, Method.GREEDY]
        few = company(portfolio(), methods=methods, budget=Budget(subsets=19))
        assert [answer.method for answer in few] == [Method.GREEDY]
        all_ = company(portfolio(), methods=methods, budget=Budget(subsets=20))
        assert [answer.method for answer in all_] == methods

    def test_the_budget_reaches_each_method(self) -> None:
        problem = random_problem(40, 8, seed=4, kind="indefinite")
        budget = Budget(nodes=3, draws=5, starts=1)
        assert solve(problem, Method.BRANCH_AND_BOUND, budget=budget).evaluated == 3
        assert solve(problem, Method.RANDOM, budget=budget).evaluated == 5
        for method in (Method.TABU, Method.ANNEALING):
            short, long = solve(problem, method, budget=budget), solve(problem, method)
            assert short.evaluated < long.evaluated
        with pytest.raises(InvalidInput, match="seconds"):
            solve(problem, Method.INTEGER_PROGRAM, budget=Budget(seconds=-1.0))

    def test_time_is_that_of_the_caller_s_clock(self) -> None:
        ticks = count(start=10.0, step=0.25)
        answers = company(
            portfolio(), methods=[Method.GREEDY, Method.TABU], clock=lambda: next(ticks)
        )
        assert [answer.elapsed_s for answer in answers] == [0.25, 0.25]

    @pytest.mark.parametrize("method", [Method.ANNEALING, Method.RANDOM])
    def test_the_seed_decides(self, method: Method) -> None:
        problem = random_problem(60, 30, seed=4, kind="indefinite")
        budget = Budget(starts=1, draws=20)
        first = solve(problem, method, seed=5, budget=budget)
        assert solve(problem, method, seed=5, budget=budget) == first
        others = [solve(problem, method, seed=seed, budget=budget) for seed in range(6, 12)]
        assert any(other != first for other in others)

    def test_what_is_cut_off_is_bounded_by_the_company(self) -> None:
        problem = random_problem(40, 8, seed=4, kind="indefinite")
        methods = [Method.GREEDY, Method.TABU, Method.BRANCH_AND_BOUND]
        together = best_answer(company(problem, methods=methods, budget=Budget(nodes=5)))
        assert not together.proven
        assert 0 < together.gap < np.inf


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
            labels=("a", "b", "c", "d", "e", "f"),
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
        problem = portfolio()
        assert pickle.loads(pickle.dumps(problem)).to_json() == problem.to_json()  # noqa: S301

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("labels", ("x",) * 6),
            ("labels", ("x", "y")),
            ("sigma", np.zeros((5, 5))),
            ("mu", np.full(6, np.inf)),
            ("sigma", np.zeros((6, 5))),
            ("sigma", np.triu(np.ones((6, 6)))),
            ("q", float("nan")),
            ("scale", 0.0),
            ("scale", float("inf")),
            ("k", 6),
        ],
    )
    def test_refuses_broken_values(self, field: str, value: object) -> None:
        values = {part.name: getattr(portfolio(), part.name) for part in fields(PortfolioProblem)}
        with pytest.raises(InvalidInput) as caught:
            PortfolioProblem(**{**values, field: value})
        assert caught.value.context["field"] == field
