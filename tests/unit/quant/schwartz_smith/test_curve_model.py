import json
from dataclasses import asdict, replace
from datetime import date

import numpy as np
import pytest

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.calendars import business_days, calendar_of
from quant.continuous import SettlementHistory
from quant.schwartz_smith.chain import Chain, build_chain
from quant.schwartz_smith.curve_model import (
    CurveModel,
    CurveState,
    TrainedCurve,
    changes_ahead,
    follow,
    forecast_contracts,
    forecast_prices,
    train,
)
from quant.schwartz_smith.drift import DriftRule, expected_change
from quant.schwartz_smith.panel import STEP_YEARS
from quant.schwartz_smith.parameters import (
    OIL,
    OIL_NOISES,
    SchwartzSmithModel,
    forward_intercept,
    futures_volatility,
)

SEASON = 0.05 * np.cos(2.0 * np.pi * np.arange(12) / 12.0)


def simulated_chain(product: str, first: date, last: date, seed: int) -> Chain:
    """Draw the settlements of 12 positions on real dates, of the published model and a season."""
    dates = business_days(first, last, calendar_of(product))
    blank = SettlementHistory(
        product=product, dates=dates, settlements=np.full((len(dates), 12), 50.0)
    )
    chain = build_chain(blank)
    generator = np.random.default_rng(seed)
    decay = np.exp(-OIL.kappa * STEP_YEARS)
    shared = OIL.rho * OIL.sigma_chi * OIL.sigma_xi
    spread = np.array([[OIL.sigma_chi**2, shared], [shared, OIL.sigma_xi**2]]) * STEP_YEARS
    shocks = generator.multivariate_normal([0.0, 0.0], spread, len(dates))
    chi = np.zeros(len(dates))
    for row in range(1, len(dates)):
        chi[row] = decay * chi[row - 1] + shocks[row, 0]
    years = chain.panel.years
    logs = np.exp(-OIL.kappa * years) * chi[:, None] + 4.0 + shocks[:, 1:].cumsum(axis=0)
    logs += forward_intercept(years, OIL) + SEASON[chain.months]
    logs += 0.003 * generator.standard_normal(logs.shape)
    return build_chain(SettlementHistory(product=product, dates=dates, settlements=np.exp(logs)))


@pytest.fixture(scope="module")
def chain() -> Chain:
    return simulated_chain("NG", date(2018, 1, 2), date(2019, 12, 31), seed=6)


@pytest.fixture(scope="module")
def trained(chain: Chain) -> TrainedCurve:
    return train(chain.between(0, 300))


def test_season_and_volatilities_are_found(trained: TrainedCurve) -> None:
    assert trained.curve.season == pytest.approx(SEASON, abs=0.01)
    found = trained.curve.model.parameters
    assert found.kappa == pytest.approx(OIL.kappa, rel=0.25)
    assert found.sigma_xi == pytest.approx(OIL.sigma_xi, rel=0.35)
    assert trained.state.filter.rows == 300
    assert trained.curve.model.noises == pytest.approx([0.003] * 4, rel=0.35)


def test_crude_has_no_season() -> None:
    crude = simulated_chain("CL", date(2018, 1, 2), date(2018, 12, 31), seed=6)
    assert train(crude).curve.season == (0.0,) * 12


def test_settlement_by_settlement_gives_the_numbers_of_the_whole_chain(
    chain: Chain, trained: TrainedCurve
) -> None:
    rest = chain.between(300, 340)
    changes, last = changes_ahead(trained.curve, trained.state, rest, (5, 20))
    state = trained.state
    for row in range(40):
        state = follow(trained.curve, state, rest.panel.row(row), rest.months[row])
        one = [expected_change(trained.curve.rule, state.drift, days) for days in (5, 20)]
        assert one == pytest.approx(changes[row], rel=1e-12, abs=1e-15)
    assert asdict(state.filter) == pytest.approx(asdict(last.filter), rel=1e-12)
    assert asdict(state.drift) == pytest.approx(asdict(last.drift), rel=1e-12)


def test_a_state_that_was_stored_goes_on_as_if_never_interrupted(
    chain: Chain, trained: TrainedCurve
) -> None:
    half = changes_ahead(trained.curve, trained.state, chain.between(300, 320), (5,))[1]
    stored = CurveState.from_json(json.loads(json.dumps(half.to_json())))
    assert stored == half
    curve = CurveModel.from_json(json.loads(json.dumps(trained.curve.to_json())))
    assert curve == trained.curve
    straight = changes_ahead(trained.curve, trained.state, chain.between(300, 340), (5,))
    resumed = changes_ahead(curve, stored, chain.between(320, 340), (5,))
    assert resumed[1] == straight[1]
    assert resumed[0].tolist() == straight[0][20:].tolist()


def test_each_contract_starts_from_its_own_price_and_moves_with_the_curve(
    trained: TrainedCurve,
) -> None:
    prices = np.array([60.0, 58.0, -37.63])
    ahead = forecast_prices(trained.curve, trained.state, prices, 20)
    change = expected_change(trained.curve.rule, trained.state.drift, 20)
    assert ahead[:2] == pytest.approx(prices[:2] * np.exp(change))
    assert ahead[2] == -37.63


def test_contracts_spread_as_the_factors_do_and_start_from_their_prices(
    trained: TrainedCurve,
) -> None:
    prices, years = np.array([60.0, 58.0]), np.array([0.1, 0.9])
    ahead = forecast_contracts(trained.curve, trained.state, prices, years, 20)
    assert ahead.quantiles(np.array([0.5]))[0] == pytest.approx(
        forecast_prices(trained.curve, trained.state, prices, 20)
    )
    # over a short time the variance is that of futures prices (Schwartz and Smith 2000)
    soon = forecast_contracts(trained.curve, trained.state, prices, years, 1)
    daily = futures_volatility(years, trained.curve.model.parameters) * np.sqrt(STEP_YEARS)
    assert soon.deviations == pytest.approx(daily, rel=5e-3)


def test_a_contract_without_a_logarithm_or_a_price_is_refused(trained: TrainedCurve) -> None:
    years = np.array([0.1, 0.9])
    with pytest.raises(ModelNotApplicable, match="dollar changes"):
        forecast_contracts(trained.curve, trained.state, np.array([-37.63, 20.43]), years, 5)
    with pytest.raises(InvalidInput, match="prices"):
        forecast_contracts(trained.curve, trained.state, np.array([np.nan, 20.43]), years, 5)


def test_without_strength_the_forecast_is_the_price_itself(
    chain: Chain, trained: TrainedCurve
) -> None:
    still = replace(trained.curve, rule=DriftRule(strength=0.0))
    changes, _ = changes_ahead(still, trained.state, chain.between(300, 310), (5, 20))
    assert changes.tolist() == [[0.0, 0.0]] * 10


def test_a_year_is_needed(chain: Chain) -> None:
    with pytest.raises(HistoryTooShort) as refused:
        train(chain.between(0, 200))
    assert refused.value.context["found"] == 200


@pytest.mark.parametrize(
    ("season", "far_years"), [((0.0,) * 11, 1.0), ((np.nan,) * 12, 1.0), ((0.0,) * 12, -1.0)]
)
def test_a_broken_curve_is_refused(season: tuple[float, ...], far_years: float) -> None:
    with pytest.raises(InvalidInput):
        CurveModel(
            product="CL",
            model=SchwartzSmithModel(parameters=OIL, noises=OIL_NOISES),
            season=season,
            far_years=far_years,
            rule=DriftRule(),
        )
