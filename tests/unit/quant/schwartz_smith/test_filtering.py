import json
import pickle
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import multivariate_normal
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

from core.errors import InvalidInput
from quant.schwartz_smith.filtering import (
    FilterState,
    filter_panel,
    fitted_log_prices,
    update,
    vague_state,
)
from quant.schwartz_smith.panel import FuturesPanel
from quant.schwartz_smith.parameters import (
    OIL,
    OIL_NOISES,
    SchwartzSmithModel,
    forward_intercept,
)

SharedData = Callable[[str], Path]
Reals = NDArray[np.float64]

PUBLISHED = SchwartzSmithModel(parameters=OIL, noises=OIL_NOISES)


def weekly_oil(path: Path) -> FuturesPanel:
    """Read the data of Schwartz and Smith (2000): 268 weeks of five maturities."""
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    prices = table[:, 1:]
    return FuturesPanel(
        log_prices=np.log(prices),
        years=np.tile(np.array([1.0, 5.0, 9.0, 13.0, 17.0]) / 12.0, (len(prices), 1)),
        steps=np.full(len(prices), 5.0 / 265.0),
        groups=np.arange(5),
    )


def random_panel(seed: int, rows: int, cells: int, missing: float) -> FuturesPanel:
    generator = np.random.default_rng(seed)
    prices = 3.0 + 0.1 * generator.standard_normal((rows, cells)).cumsum(axis=0)
    prices[generator.random((rows, cells)) < missing] = np.nan
    return FuturesPanel(
        log_prices=prices,
        years=np.sort(generator.uniform(0.0, 3.0, (rows, cells)), axis=1),
        steps=generator.choice([1.0 / 252.0, 3.0 / 252.0, 0.1], rows),
        groups=generator.integers(0, 3, cells),
    )


def system(model: SchwartzSmithModel, step: float) -> tuple[Reals, Reals, Reals]:
    """Return transition (2, 2), drift (2,) and shock covariance (2, 2), by the textbook."""
    p = model.parameters
    decay = np.exp(-p.kappa * step)
    shared = (1.0 - decay) * p.rho * p.sigma_chi * p.sigma_xi / p.kappa
    short = (1.0 - decay**2) * p.sigma_chi**2 / (2.0 * p.kappa)
    return (
        np.diag([decay, 1.0]),
        np.array([0.0, p.mu_xi * step]),
        np.array([[short, shared], [shared, p.sigma_xi**2 * step]]),
    )


def by_statsmodels(model: SchwartzSmithModel, panel: FuturesPanel, start: FilterState) -> float:
    """Filter the same system by statsmodels; its start is the first row's prediction."""
    rows, cells = panel.log_prices.shape
    p = model.parameters
    moves = [system(model, step) for step in panel.steps]
    filter_ = KalmanFilter(k_endog=cells, k_states=2, k_posdef=2)
    filter_.bind(np.ascontiguousarray(panel.log_prices))
    filter_["design"] = np.stack(
        [np.exp(-p.kappa * panel.years), np.ones((rows, cells))]
    ).transpose(2, 0, 1)
    filter_["obs_intercept"] = forward_intercept(panel.years, p).T
    filter_["obs_cov"] = np.diag(np.square(np.array(model.noises))[panel.groups])
    # statsmodels moves a state after its row, so that each row's move is the next one's step
    after = [*moves[1:], moves[-1]]
    filter_["transition"] = np.stack([move[0] for move in after], axis=2)
    filter_["state_intercept"] = np.stack([move[1] for move in after], axis=1)
    filter_["selection"] = np.eye(2)
    filter_["state_cov"] = np.stack([move[2] for move in after], axis=2)
    transition, drift, shocks = moves[0]
    filter_.initialize_known(
        transition @ start.mean + drift, transition @ start.spread @ transition.T + shocks
    )
    return float(filter_.loglike())


def test_published_parameters_have_the_printed_likelihood(shared_data: SharedData) -> None:
    # The design page prints 4018.632, AIC −8013.264 and BIC −7950.859 for the parameters of
    # Schwartz and Smith (2000), and 4018.630 for its own computation.
    panel = weekly_oil(shared_data("schwartz_smith_wti_weekly.csv"))
    found = filter_panel(PUBLISHED, panel).log_likelihood
    assert round(found, 3) == 4018.630
    assert found == pytest.approx(4018.632, abs=2e-3)
    assert -2.0 * found + 2 * 12 == pytest.approx(-8013.264, abs=4e-3)
    assert -2.0 * found + 12 * np.log(panel.cells) == pytest.approx(-7950.859, abs=4e-3)


def test_published_parameters_have_the_printed_errors(shared_data: SharedData) -> None:
    # Design page, after Schwartz and Smith (2000), table 3: errors of F1, F5, F9, F13, F17.
    panel = weekly_oil(shared_data("schwartz_smith_wti_weekly.csv"))
    means = filter_panel(PUBLISHED, panel).means
    errors = panel.log_prices - fitted_log_prices(means, panel.years, OIL)
    absolute = np.abs(errors).mean(axis=0).round(4)
    squares = np.sqrt(np.square(errors).mean(axis=0)).round(4)
    assert absolute.tolist() == [0.0318, 0.0034, 0.0021, 0.0, 0.0029]
    assert squares.tolist() == [0.0429, 0.0043, 0.0027, 0.0, 0.0037]


def test_statsmodels_finds_the_same_likelihood(shared_data: SharedData) -> None:
    panel = weekly_oil(shared_data("schwartz_smith_wti_weekly.csv"))
    expected = by_statsmodels(PUBLISHED, panel, vague_state(panel))
    assert filter_panel(PUBLISHED, panel).log_likelihood == pytest.approx(expected, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), missing=st.floats(0.0, 0.6))
def test_statsmodels_agrees_on_chains_whose_maturities_move(seed: int, missing: float) -> None:
    panel = random_panel(seed, rows=30, cells=6, missing=missing)
    model = SchwartzSmithModel(parameters=OIL, noises=(0.02, 0.001, 0.05))
    start = FilterState(chi=0.1, xi=3.0, chi_variance=0.5, covariance=0.1, xi_variance=0.3)
    found = filter_panel(model, panel, start).log_likelihood
    assert found == pytest.approx(by_statsmodels(model, panel, start), rel=1e-9, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), exact=st.booleans())
def test_likelihood_is_that_of_the_joint_normal_of_all_prices(seed: int, exact: bool) -> None:
    # No recursion: the mean and covariance of every price of every row at once.
    panel = random_panel(seed, rows=4, cells=3, missing=0.3)
    panel = FuturesPanel(
        log_prices=panel.log_prices,
        years=panel.years + 0.1 * np.arange(3),
        steps=panel.steps,
        groups=np.arange(3),
    )
    model = SchwartzSmithModel(parameters=OIL, noises=(0.0 if exact else 0.03, 0.02, 0.01))
    start = FilterState(chi=0.1, xi=3.0, chi_variance=0.04, covariance=0.01, xi_variance=0.09)
    mean, spread = [start.mean], [[start.spread]]
    for row in range(4):
        transition, drift, shocks = system(model, float(panel.steps[row]))
        mean.append(transition @ mean[-1] + drift)
        past = [transition @ block for block in spread[-1]]
        spread.append([*past, past[-1] @ transition.T + shocks])
    loadings = np.stack([np.exp(-OIL.kappa * panel.years), np.ones((4, 3))], axis=2)
    means = np.concatenate([loadings[r] @ mean[r + 1] for r in range(4)])
    means += forward_intercept(panel.years, OIL).ravel()
    joint = np.zeros((12, 12))
    for r in range(4):
        for s in range(r + 1):
            block = loadings[r] @ spread[r + 1][s + 1] @ loadings[s].T
            joint[3 * r : 3 * r + 3, 3 * s : 3 * s + 3] = block
            joint[3 * s : 3 * s + 3, 3 * r : 3 * r + 3] = block.T
    joint += np.diag(np.tile(np.square(model.noises), 4))
    known = np.isfinite(panel.log_prices.ravel())
    expected = 0.0
    if known.any():
        expected = multivariate_normal(means[known], joint[np.ix_(known, known)]).logpdf(
            panel.log_prices.ravel()[known]
        )
    assert filter_panel(model, panel, start).log_likelihood == pytest.approx(expected, abs=1e-7)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), missing=st.floats(0.0, 1.0))
def test_row_by_row_gives_the_numbers_of_the_whole_panel(seed: int, missing: float) -> None:
    panel = random_panel(seed, rows=40, cells=5, missing=missing)
    model = SchwartzSmithModel(parameters=OIL, noises=(0.02, 0.0, 0.05))
    panel = FuturesPanel(
        log_prices=panel.log_prices,
        years=panel.years,
        steps=panel.steps,
        groups=np.array([0, 1, 2, 1, 0]),
    )
    state = FilterState(chi=0.0, xi=3.0, chi_variance=1.0, covariance=0.0, xi_variance=1.0)
    whole = filter_panel(model, panel, state)
    for row in range(40):
        state = update(model, state, panel.row(row))
        assert state.mean.tolist() == whole.means[row].tolist()
        spread = [state.chi_variance, state.covariance, state.xi_variance]
        assert spread == whole.covariances[row].tolist()
    assert state == whole.last
    assert whole.log_likelihoods.sum() == pytest.approx(whole.log_likelihood, rel=1e-12, abs=1e-9)
    assert (state.rows, state.cells) == (40, panel.cells)


@pytest.mark.parametrize("carry", ["json", "pickle"])
def test_a_state_that_was_stored_goes_on_as_if_never_interrupted(carry: str) -> None:
    panel = random_panel(7, rows=60, cells=6, missing=0.2)
    model = SchwartzSmithModel(parameters=OIL, noises=(0.02, 0.01, 0.05))
    half = filter_panel(model, panel.between(0, 30)).last
    if carry == "json":
        stored = FilterState(**json.loads(json.dumps(asdict(half))))
    else:
        stored = pickle.loads(pickle.dumps(half))  # noqa: S301 - our own bytes
    assert stored == half
    straight = filter_panel(model, panel).last
    assert filter_panel(model, panel.between(30, 60), stored).last == straight


def test_covariances_stay_symmetric_and_positive_with_exact_prices(shared_data: SharedData) -> None:
    panel = weekly_oil(shared_data("schwartz_smith_wti_weekly.csv"))
    covariances = filter_panel(PUBLISHED, panel).covariances
    determinants = covariances[:, 0] * covariances[:, 2] - covariances[:, 1] ** 2
    assert (covariances[:, [0, 2]] >= 0.0).all()
    # one price met exactly leaves one direction only
    assert determinants == pytest.approx(np.zeros(len(determinants)), abs=1e-12)


def test_a_row_without_prices_moves_the_state_through_its_step() -> None:
    model = SchwartzSmithModel(parameters=OIL, noises=(0.01,))
    panel = random_panel(1, rows=2, cells=3, missing=1.0)
    panel = FuturesPanel(
        log_prices=panel.log_prices, years=panel.years, steps=panel.steps, groups=np.zeros(3, int)
    )
    state = FilterState(chi=0.2, xi=3.0, chi_variance=0.1, covariance=0.0, xi_variance=0.1)
    transition, drift, shocks = system(model, float(panel.steps[0]))
    moved = update(model, state, panel.row(0))
    assert moved.mean == pytest.approx(transition @ state.mean + drift)
    assert moved.spread == pytest.approx(transition @ state.spread @ transition.T + shocks)
    assert (moved.log_likelihood, moved.cells, moved.rows) == (0.0, 0, 1)


def test_an_update_takes_less_than_a_millisecond() -> None:
    model = SchwartzSmithModel(parameters=OIL, noises=(0.02, 0.01, 0.05))
    panel = random_panel(3, rows=300, cells=36, missing=0.1)
    state = vague_state(panel)
    elapsed = []
    for row in [panel.row(index) for index in range(300)]:
        began = time.perf_counter()
        state = update(model, state, row)
        elapsed.append(time.perf_counter() - began)
    # the median: other processes of the machine may interrupt any single one
    assert np.median(elapsed[50:]) < 1e-3


def test_more_prices_than_factors_cannot_be_met_exactly() -> None:
    panel = random_panel(5, rows=3, cells=4, missing=0.0)
    panel = FuturesPanel(
        log_prices=panel.log_prices,
        years=panel.years,
        steps=panel.steps,
        groups=np.array([0, 0, 0, 1]),
    )
    with pytest.raises(InvalidInput, match="two prices"):
        filter_panel(SchwartzSmithModel(parameters=OIL, noises=(0.0, 0.1)), panel)
    with pytest.raises(InvalidInput, match="each group"):
        filter_panel(SchwartzSmithModel(parameters=OIL, noises=(0.1,)), panel)


def test_a_price_that_was_foretold_exactly_has_no_likelihood() -> None:
    panel = FuturesPanel(
        log_prices=np.array([[3.0, 3.1]]),
        years=np.array([[0.5, 0.5]]),
        steps=np.array([0.1]),
        groups=np.zeros(2, dtype=np.int64),
    )
    with pytest.raises(InvalidInput, match="foretold"):
        filter_panel(SchwartzSmithModel(parameters=OIL, noises=(0.0,)), panel)


def test_a_panel_without_a_price_has_no_beginning() -> None:
    with pytest.raises(InvalidInput, match="at least one price"):
        vague_state(random_panel(1, rows=2, cells=2, missing=1.0))


@pytest.mark.parametrize(("name", "value"), [("chi", np.nan), ("xi_variance", -1.0), ("rows", -1)])
def test_a_broken_state_is_refused(name: str, value: float) -> None:
    values = {"chi": 0.0, "xi": 3.0, "chi_variance": 1.0, "covariance": 0.0, "xi_variance": 1.0}
    with pytest.raises(InvalidInput, match="state"):
        FilterState(**{**values, name: value})
