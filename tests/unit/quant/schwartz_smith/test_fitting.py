from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2
from statsmodels.tools.numdiff import approx_hess3
from statsmodels.tsa.statespace.kalman_filter import KalmanFilter

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.schwartz_smith.filtering import FilterState, filter_panel
from quant.schwartz_smith.fitting import MINIMUM_ROWS, FittedModel, fit
from quant.schwartz_smith.panel import FuturesPanel
from quant.schwartz_smith.parameters import (
    OIL,
    OIL_NOISES,
    PARAMETER_NAMES,
    SchwartzSmithModel,
    SchwartzSmithParameters,
    forward_intercept,
)

SharedData = Callable[[str], Path]
Reals = NDArray[np.float64]

STEP = 5.0 / 265.0


def weekly_oil(path: Path, groups: tuple[int, ...] = (0, 1, 2, 3, 4)) -> FuturesPanel:
    table = np.genfromtxt(path, delimiter=",", skip_header=1)
    prices = table[:, 1:]
    return FuturesPanel(
        log_prices=np.log(prices),
        years=np.tile(np.array([1.0, 5.0, 9.0, 13.0, 17.0]) / 12.0, (len(prices), 1)),
        steps=np.full(len(prices), STEP),
        groups=np.array(groups),
    )


def simulated(model: SchwartzSmithModel, rows: int, seed: int) -> FuturesPanel:
    """Draw a panel of weekly curves whose contracts come nearer and are replaced."""
    p, generator = model.parameters, np.random.default_rng(seed)
    decay = np.exp(-p.kappa * STEP)
    shared = (1.0 - decay) * p.rho * p.sigma_chi * p.sigma_xi / p.kappa
    short = (1.0 - decay**2) * p.sigma_chi**2 / (2.0 * p.kappa)
    shocks = generator.multivariate_normal(
        [0.0, p.mu_xi * STEP], [[short, shared], [shared, p.sigma_xi**2 * STEP]], rows
    )
    chi, xi = 0.0, 3.0
    years = np.empty((rows, 6))
    logs = np.empty((rows, 6))
    for row, (chi_shock, xi_shock) in enumerate(shocks):
        chi, xi = decay * chi + chi_shock, xi + xi_shock
        years[row] = (0.25 - row * STEP) % 0.25 + np.arange(6) * 0.25
        logs[row] = np.exp(-p.kappa * years[row]) * chi + xi + forward_intercept(years[row], p)
    logs += np.array(model.noises) * generator.standard_normal(logs.shape)
    return FuturesPanel(
        log_prices=logs, years=years, steps=np.full(rows, STEP), groups=np.zeros(6, dtype=np.int64)
    )


@pytest.fixture(scope="module")
def _oil() -> dict[str, FittedModel]:
    return {}


@pytest.fixture
def oil(shared_data: SharedData, _oil: dict[str, FittedModel]) -> FittedModel:
    if not _oil:
        _oil["fit"] = fit(
            weekly_oil(shared_data("schwartz_smith_wti_weekly.csv")), starts=3, seed=5
        )
    return _oil["fit"]


def test_every_start_finds_the_same_optimum(oil: FittedModel) -> None:
    assert oil.starts == pytest.approx([oil.starts[0]] * 3, abs=1e-4)
    assert oil.log_likelihood >= max(oil.starts) - 1e-6


def test_optimum_is_above_the_published_parameters_but_does_not_reject_them(
    oil: FittedModel, shared_data: SharedData
) -> None:
    # Schwartz and Smith (2000), table 2. The shared data approximate theirs, so that the optimum
    # lies elsewhere; a likelihood ratio test of all twelve numbers at once does not reject them.
    panel = weekly_oil(shared_data("schwartz_smith_wti_weekly.csv"))
    published = SchwartzSmithModel(parameters=OIL, noises=OIL_NOISES)
    ratio = 2.0 * (oil.log_likelihood - filter_panel(published, panel).log_likelihood)
    assert 0.0 < ratio < chi2.ppf(0.95, 12)
    assert oil.log_likelihood == pytest.approx(4027.848, abs=1e-3)


def test_estimates_are_near_the_published_ones(oil: FittedModel) -> None:
    # Schwartz and Smith (2000), table 2; each within 2.5 of our standard errors.
    estimated = dict(zip(PARAMETER_NAMES, oil.model.parameters.to_tuple(), strict=True))
    for name, published in zip(PARAMETER_NAMES, OIL.to_tuple(), strict=True):
        assert abs(estimated[name] - published) < 2.5 * oil.standard_errors[name], name
    assert oil.model.noises == pytest.approx(OIL_NOISES, abs=1.2e-3)


def test_a_noise_driven_to_zero_is_zero_and_said_to_be_at_its_bound(oil: FittedModel) -> None:
    assert oil.model.noises[3] == 0.0
    assert oil.at_bound == ("noise_3",)
    assert "noise_3" not in oil.standard_errors
    assert len(oil.free) == 12
    assert oil.aic == pytest.approx(-2.0 * oil.log_likelihood + 24.0)
    assert oil.bic == pytest.approx(-2.0 * oil.log_likelihood + 12.0 * np.log(1340))


def test_standard_errors_are_those_of_statsmodels(
    oil: FittedModel, shared_data: SharedData
) -> None:
    # Independent likelihood and differences, in the natural parameters: no transform, no delta.
    panel = weekly_oil(shared_data("schwartz_smith_wti_weekly.csv"))

    def likelihood(values: Reals) -> float:
        kappa, chi, premium, mu, star, xi, rho = values[:7]
        noises = np.concatenate([values[7:10], [0.0], values[10:]])
        decay = np.exp(-kappa * STEP)
        short = (1.0 - decay**2) * chi**2 / (2.0 * kappa)
        shared = (1.0 - decay) * rho * chi * xi / kappa
        shocks = np.array([[short, shared], [shared, xi**2 * STEP]])
        years = panel.years[0]
        once, twice = 1.0 - np.exp(-kappa * years), 1.0 - np.exp(-2.0 * kappa * years)
        spread = twice * chi**2 / (2.0 * kappa) + xi**2 * years
        spread = spread + 2.0 * once * rho * chi * xi / kappa
        transition = np.array([[decay, 0.0], [0.0, 1.0]])
        move = np.array([0.0, mu * STEP])
        filter_ = KalmanFilter(k_endog=5, k_states=2, tolerance=0.0)
        filter_.bind(panel.log_prices)
        filter_["design"] = np.column_stack([np.exp(-kappa * years), np.ones(5)])
        filter_["obs_intercept"] = star * years - once * premium / kappa + 0.5 * spread
        filter_["obs_cov"] = np.diag(noises**2)
        filter_["transition"] = transition
        filter_["state_intercept"] = move
        filter_["selection"] = np.eye(2)
        filter_["state_cov"] = shocks
        filter_.initialize_known(
            transition @ np.array([0.0, panel.log_prices[0, 0]]) + move,
            100.0 * transition @ transition.T + shocks,
        )
        return float(filter_.loglike())

    noises = [noise for noise in oil.model.noises if noise > 0.0]
    at = np.array([*oil.model.parameters.to_tuple(), *noises])
    assert likelihood(at) == pytest.approx(oil.log_likelihood, abs=1e-8)
    ours = np.array([oil.standard_errors[name] for name in oil.free if name not in oil.at_bound])
    hessian = approx_hess3(at, likelihood, epsilon=0.05 * ours)
    assert ours == pytest.approx(np.sqrt(np.diagonal(np.linalg.inv(-hessian))), rel=5e-3)


def test_one_factor_has_the_printed_likelihood(shared_data: SharedData) -> None:
    # Design page: geometric Brownian motion, 2570.751. It is the two-factor model without χ and
    # with three noises: of the two nearest maturities, the third, and the two farthest.
    panel = weekly_oil(shared_data("schwartz_smith_wti_weekly.csv"), groups=(0, 0, 1, 2, 2))
    start = FilterState(
        chi=0.0,
        xi=float(panel.log_prices[0, 0]),
        chi_variance=0.0,
        covariance=0.0,
        xi_variance=100.0,
    )
    one = fit(
        panel,
        fixed={"kappa": 1.0, "sigma_chi": 0.0, "lambda_chi": 0.0, "rho": 0.0},
        initial=start,
        starts=2,
    )
    assert round(one.log_likelihood, 3) == 2570.751
    assert one.free == ("mu_xi", "mu_xi_star", "sigma_xi", "noise_0", "noise_1", "noise_2")
    assert one.model.parameters.sigma_chi == 0.0


def test_parameters_of_a_simulated_market_are_found_again() -> None:
    truth = SchwartzSmithModel(
        parameters=SchwartzSmithParameters(
            kappa=2.0,
            sigma_chi=0.35,
            lambda_chi=0.1,
            mu_xi=0.02,
            mu_xi_star=0.01,
            sigma_xi=0.18,
            rho=-0.4,
        ),
        noises=(0.004,),
    )
    found = fit(simulated(truth, rows=600, seed=11), starts=1)
    estimated = dict(zip(PARAMETER_NAMES, found.model.parameters.to_tuple(), strict=True))
    for name, value in zip(PARAMETER_NAMES, truth.parameters.to_tuple(), strict=True):
        assert abs(estimated[name] - value) < 3.0 * found.standard_errors[name], name
    assert found.model.noises[0] == pytest.approx(0.004, abs=3.0 * found.standard_errors["noise_0"])


def test_same_seed_same_estimate_and_progress_is_told() -> None:
    panel = simulated(SchwartzSmithModel(parameters=OIL, noises=(0.01,)), rows=80, seed=2)
    told: list[tuple[int, float]] = []
    first = fit(panel, starts=2, seed=3, progress=lambda *state: told.append(state))
    again = fit(panel, starts=2, seed=3)
    assert first == again
    assert [count for count, _ in told] == [1, 2]
    assert told[0][1] <= told[1][1]


def test_fixed_parameters_stay_and_have_no_standard_error() -> None:
    panel = simulated(SchwartzSmithModel(parameters=OIL, noises=(0.01,)), rows=80, seed=2)
    found = fit(panel, fixed={"kappa": 1.49, "noise_0": 0.01}, starts=1)
    assert (found.model.parameters.kappa, found.model.noises) == (1.49, (0.01,))
    assert "kappa" not in found.standard_errors
    assert len(found.free) == 6


def test_too_few_rows_are_refused() -> None:
    panel = simulated(SchwartzSmithModel(parameters=OIL, noises=(0.01,)), rows=49, seed=2)
    with pytest.raises(HistoryTooShort) as refused:
        fit(panel)
    assert refused.value.context["needed"] == MINIMUM_ROWS
    assert refused.value.context["found"] == 49


def test_curves_of_one_price_are_refused() -> None:
    panel = simulated(SchwartzSmithModel(parameters=OIL, noises=(0.01,)), rows=80, seed=2)
    lonely = panel.log_prices.copy()
    lonely[:, 1:] = np.nan
    with pytest.raises(ModelNotApplicable, match="random walk"):
        fit(
            FuturesPanel(
                log_prices=lonely, years=panel.years, steps=panel.steps, groups=panel.groups
            )
        )


def test_what_cannot_be_asked_for_is_refused() -> None:
    panel = simulated(SchwartzSmithModel(parameters=OIL, noises=(0.01,)), rows=60, seed=2)
    with pytest.raises(InvalidInput, match="unknown: theta"):
        fit(panel, fixed={"theta": 1.0})
    with pytest.raises(InvalidInput, match="one start"):
        fit(panel, starts=0)
    everything = dict(zip((*PARAMETER_NAMES, "noise_0"), (*OIL.to_tuple(), 0.01), strict=True))
    with pytest.raises(InvalidInput, match="one free parameter"):
        fit(panel, fixed=everything)
    with pytest.raises(InvalidInput, match="kappa"):
        fit(panel, fixed={"kappa": -1.0})
    with pytest.raises(InvalidInput, match="exactly"):
        fit(panel, fixed={"noise_0": 0.0})
    with pytest.raises(InvalidInput, match="first"):
        fit(panel, first=SchwartzSmithModel(parameters=OIL, noises=OIL_NOISES))
