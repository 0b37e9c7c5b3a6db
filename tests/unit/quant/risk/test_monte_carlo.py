"""Hold simulation against closed forms, plain NumPy, its own standard errors and itself."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.risk.aggregation import Revaluation, aggregate
from quant.risk.exposures import Exposures, exposures
from quant.risk.historical import historical_pnl
from quant.risk.increments import incremental_risk
from quant.risk.monte_carlo import (
    PATHS_PER_BLOCK,
    Simulation,
    elliptical,
    joined,
    simulate,
    simulated_risk,
)
from quant.risk.parametric import parametric_risk
from quant.risk.reports import RiskReport
from tests.risk_books import book, factor_days, future, market, mixed, option, spread

Reals = NDArray[np.float64]


def lines() -> Exposures:
    """Build a book without options."""
    return exposures(mixed()[:4], market())


def run(
    books: list[Exposures],
    covariance: Reals,
    *,
    paths: int = 40_000,
    seed: int = 1,
    level: float = 0.99,
    freedom: float | None = None,
    revaluation: Revaluation = Revaluation.FULL,
    days: int = 1,
) -> tuple[RiskReport, ...]:
    scenarios = elliptical(
        aggregate(books, revaluation),
        covariance,
        degrees_of_freedom=freedom,
        horizon_days=days,
    )
    simulation = Simulation(scenarios=scenarios, paths=paths, seed=seed)
    return simulated_risk(simulation, simulate(simulation, range(simulation.blocks)), level)


@pytest.mark.parametrize("freedom", [None, 5.0])
@pytest.mark.parametrize("days", [1, 10])
def test_futures_alone_have_the_closed_form(freedom: float | None, days: int) -> None:
    exposed = lines()
    _, covariance = factor_days(exposed)
    (found,) = run([exposed], covariance, paths=200_000, freedom=freedom, days=days)
    exact = parametric_risk(
        exposed, covariance, 0.99, degrees_of_freedom=freedom, horizon_days=days
    )
    assert found.value_at_risk == pytest.approx(
        exact.value_at_risk, abs=4 * found.value_at_risk_error
    )
    assert found.expected_shortfall == pytest.approx(
        exact.expected_shortfall, abs=4 * found.expected_shortfall_error
    )
    # parts are of means given the profit, of which all linear parts are exact multiples
    np.testing.assert_allclose(
        found.by_position.expected_shortfall / found.expected_shortfall,
        exact.by_position.expected_shortfall / exact.expected_shortfall,
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        found.marginal.value_at_risk / found.value_at_risk,
        exact.marginal.value_at_risk / exact.value_at_risk,
        rtol=1e-9,
    )


@pytest.mark.parametrize("revaluation", list(Revaluation))
def test_options_agree_with_plain_drawing(revaluation: Revaluation) -> None:
    exposed = book()
    _, covariance = factor_days(exposed)
    (found,) = run([exposed], covariance, paths=100_000, revaluation=revaluation)
    generator = np.random.default_rng(11)
    root = np.linalg.cholesky(covariance)
    changes = generator.standard_normal((100_000, len(root))) @ root.T
    if revaluation is Revaluation.FULL:
        by_position = exposed.position_pnl(changes)
    else:
        at = exposed.prices[exposed.option_factors]
        gammas = exposed.options.gammas(at) * exposed.option_dollars
        by_position = changes @ exposed.position_deltas().T
        squares = changes[:, exposed.option_factors] ** 2 * gammas / 2
        for o, position in enumerate(exposed.option_positions):
            by_position[:, position] += squares[:, o]
    pnl = by_position.sum(axis=1)
    ordered = by_position[np.argsort(pnl)]
    tail = ordered[:1000].sum(axis=1)
    assert found.value_at_risk == pytest.approx(
        -tail[-1], abs=4 * np.sqrt(2) * found.value_at_risk_error
    )
    assert found.expected_shortfall == pytest.approx(
        -tail.mean(), abs=4 * np.sqrt(2) * found.expected_shortfall_error
    )
    parts, errors = -ordered[:1000].mean(axis=0), ordered[:1000].std(axis=0) / np.sqrt(1000)
    np.testing.assert_array_less(
        np.abs(found.by_position.expected_shortfall - parts), 6 * errors + 1.0
    )
    for split in (found.by_position, found.by_factor):
        assert split.value_at_risk.sum() == pytest.approx(found.value_at_risk, rel=1e-9)
        assert split.expected_shortfall.sum() == pytest.approx(found.expected_shortfall, rel=1e-9)


def test_the_coordinates_have_the_covariance_that_was_asked() -> None:
    exposed = book()
    changes, covariance = factor_days(exposed)
    reduced = aggregate([exposed])
    scenarios = elliptical(reduced, covariance)
    size = reduced.coordinates
    root = scenarios.root[:size, :size]
    projection = reduced.projection()
    expected = projection.T @ covariance @ projection
    scale = np.sqrt(np.outer(np.diagonal(expected), np.diagonal(expected)))
    np.testing.assert_allclose(root @ root.T / scale, expected / scale, atol=1e-12)
    np.testing.assert_allclose(reduced.project(changes), changes @ projection, rtol=1e-9, atol=1e-6)


def test_results_do_not_depend_on_how_blocks_are_shared() -> None:
    exposed = book()
    _, covariance = factor_days(exposed)
    scenarios = elliptical(aggregate([exposed]), covariance, degrees_of_freedom=6.0)
    simulation = Simulation(scenarios=scenarios, paths=10_000, seed=5)
    assert simulation.blocks == 10
    whole = simulate(simulation, range(10))
    sent = pickle.loads(pickle.dumps(simulation))  # noqa: S301 - our own bytes
    for cuts in ([0, 10], [0, 1, 4, 10], list(range(11))):
        parts = [simulate(sent, range(a, b), threads=1 + a % 3) for a, b in pairwise(cuts)]
        np.testing.assert_array_equal(joined(parts).pnl, whole.pnl)
    longer = Simulation(scenarios=scenarios, paths=12_345, seed=5)
    np.testing.assert_array_equal(
        simulate(longer, range(longer.blocks), threads=3).pnl[:, :10_000], whole.pnl
    )
    other = Simulation(scenarios=scenarios, paths=10_000, seed=6)
    assert not np.array_equal(simulate(other, range(10)).pnl, whole.pnl)


def test_paths_of_the_tail_are_drawn_again_as_they_were() -> None:
    exposed = book()
    _, covariance = factor_days(exposed)
    simulation = Simulation(
        scenarios=elliptical(aggregate([exposed]), covariance, degrees_of_freedom=4.0),
        paths=5_000,
        seed=2,
    )
    profits = simulate(simulation, range(simulation.blocks))
    for path in (0, 77, 4_999):
        weights = np.ones((3, 1))
        means = simulation.scenarios.means(simulation.key, np.array([path]), weights)
        part = simulation.scenarios.aggregate.parts[0]
        again = part.line_dollars @ means.changes[0][part.line_factors]
        again += part.curved_dollars @ means.curved[0][part.curved_places]
        assert again == pytest.approx(profits.pnl[0, path], rel=1e-9, abs=1e-6)


def test_books_share_their_random_numbers() -> None:
    base = book()
    more = [*mixed(), future("CL-202403", 0.1)]
    exposed = [base, exposures(more, market(), base.factors)]
    _, covariance = factor_days(base)
    before, after = run(exposed, covariance, paths=20_000)
    added = incremental_risk(before, after)
    # a tenth of a lot more: the difference is far below the error of either
    assert 0 < abs(added.value_at_risk) < before.value_at_risk_error
    place = [str(factor) for factor in base.factors].index("CL-202403")
    marginal = before.marginal.value_at_risk[place] * 100.0
    assert added.value_at_risk == pytest.approx(marginal, abs=0.5 * abs(marginal))
    same = run([base, base], covariance, paths=20_000)
    assert incremental_risk(*same).expected_shortfall == pytest.approx(0.0, abs=1e-6)


def test_standard_errors_are_what_seeds_scatter_by() -> None:
    exposed = book()
    _, covariance = factor_days(exposed)
    found = [
        run([exposed], covariance, paths=4_000, seed=seed, level=0.975)[0] for seed in range(60)
    ]
    for name in ("value_at_risk", "expected_shortfall"):
        scatter = np.std([getattr(each, name) for each in found], ddof=1)
        error = np.mean([getattr(each, f"{name}_error") for each in found])
        assert scatter == pytest.approx(error, rel=0.35)


def test_a_singular_covariance_is_simulated() -> None:
    # two contracts that move as one, and one that never moves
    held = [
        spread(10, CL_202403=1, CL_202404=-1),
        option("CL-202403", "call", 72, 5),
        option("CL-202404", "call", 72, -5),
        future("NG-202404", 3),
    ]
    exposed = exposures(held, market())
    covariance = np.zeros((3, 3))
    covariance[:2, :2] = 4.0
    (found,) = run([exposed], covariance, paths=20_000)
    assert np.isfinite([found.value_at_risk, found.expected_shortfall]).all()
    assert found.by_position.value_at_risk[0] == pytest.approx(0.0, abs=1e-3 * found.value_at_risk)
    assert found.by_position.value_at_risk[3] == 0.0
    pnl, _ = historical_pnl(aggregate([exposed]), np.zeros((1, 3)))
    assert pnl[0, 0] == pytest.approx(0.0, abs=1e-6)


def test_a_price_that_may_turn_negative_is_reported() -> None:
    exposed = exposures([option("NG-202404", "put", 2.5, 1)], market())
    (found,) = run([exposed], np.array([[4.0]]), paths=20_000)
    share = found.floored_scenarios / found.scenario_count
    # a normal of deviation 2 takes 2.57 to 0 or below with probability N(−1.285)
    assert share == pytest.approx(0.0994, abs=0.01)
    assert np.isfinite(found.expected_shortfall)


def test_bad_questions_are_refused() -> None:
    exposed = book()
    _, covariance = factor_days(exposed)
    reduced = aggregate([exposed])
    scenarios = elliptical(reduced, covariance)
    with pytest.raises(InvalidInput, match="factors"):
        elliptical(reduced, np.eye(2))
    with pytest.raises(InvalidInput, match="degrees_of_freedom"):
        elliptical(reduced, covariance, degrees_of_freedom=2.0)
    with pytest.raises(InvalidInput, match="horizon_days"):
        elliptical(reduced, covariance, horizon_days=0)
    with pytest.raises(InvalidInput, match="paths"):
        Simulation(scenarios=scenarios, paths=0, seed=0)
    with pytest.raises(InvalidInput, match="seed"):
        Simulation(scenarios=scenarios, paths=1, seed=-1)
    simulation = Simulation(scenarios=scenarios, paths=PATHS_PER_BLOCK, seed=0)
    for blocks in (range(2), range(-1, 1), range(0, 1, 2), range(1, 0)):
        with pytest.raises(InvalidInput, match="blocks"):
            simulate(simulation, blocks)
    few = Simulation(scenarios=scenarios, paths=99, seed=0)
    with pytest.raises(HistoryTooShort):
        simulated_risk(few, simulate(few, range(1)), 0.99)
    with pytest.raises(InvalidInput, match="profits"):
        simulated_risk(simulation, simulate(few, range(1)), 0.99)
