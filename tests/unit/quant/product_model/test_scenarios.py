"""Check that scenario paths are drawn from the distribution that is forecast."""

from datetime import UTC, datetime

import numpy as np
import pytest

from core.errors import InvalidInput
from core.forecasts import HORIZONS, LEVELS, Forecast
from quant.calendars import business_days, calendar_of
from quant.forecast.forecasts import PATHS
from quant.product_model.following import Following
from quant.product_model.forecasting import Issue, forecast_product
from quant.product_model.scenarios import draw_scenarios
from tests.settled_products import CONTRACTS, estimated


def following() -> Following:
    found = estimated()
    return Following.of(found.fit, found.days)


def forecast_of(model: Following) -> Forecast:
    issued = datetime(2026, 11, 13, 20, tzinfo=UTC)
    return forecast_product(model, Issue(source="sandbox", version=1, issued_at=issued))


@pytest.mark.parametrize("horizon", [5, 60])
def test_all_paths_together_have_the_quantiles_of_the_forecast(horizon: int) -> None:
    """Between 1 and 99 %: the paths are empirical there and the forecast is as well."""
    model = following()
    forecast = forecast_of(model)
    drawn = draw_scenarios(model, forecast, horizon, paths=PATHS)
    assert drawn.prices.shape == (PATHS, horizon, len(forecast.contracts))
    column = HORIZONS.index(horizon)
    whole = [level for level in LEVELS if round(100 * level, 6).is_integer()]
    assert len(whole) == 9
    for place, contract in enumerate(forecast.contracts):
        told = dict(zip(LEVELS, contract.quantiles[column], strict=True))
        found = np.quantile(drawn.prices[:, -1, place], whole)
        np.testing.assert_allclose(found, [told[level] for level in whole], rtol=1e-12)


def test_contracts_move_together_from_their_settlements() -> None:
    model = following()
    forecast = forecast_of(model)
    assert len(forecast.contracts) == CONTRACTS
    prices = draw_scenarios(model, forecast, 20, paths=500, seed=3).prices
    ends = np.corrcoef(prices[:, -1, 0], prices[:, -1, 1])
    assert ends[0, 1] > 0.9
    settled = np.array([one.settlement for one in forecast.contracts])
    day, month = np.abs(prices[:, 0] - settled), np.abs(prices[:, -1] - settled)
    assert (day.mean(axis=0) < month.mean(axis=0)).all()


def test_fewer_paths_are_the_first_of_more_and_another_seed_gives_others() -> None:
    model = following()
    forecast = forecast_of(model)
    few = draw_scenarios(model, forecast, 5, paths=10, seed=3)
    more = draw_scenarios(model, forecast, 5, paths=20, seed=3)
    np.testing.assert_array_equal(few.prices, more.prices[:10])
    other = draw_scenarios(model, forecast, 5, paths=10, seed=4)
    assert not np.array_equal(few.prices, other.prices)
    assert few.days == business_days(few.days[0], few.days[-1], calendar_of("CL"))
    assert few.days[0] > forecast.as_of


@pytest.mark.parametrize(("horizon", "paths"), [(0, 1), (61, 1), (5, 0), (5, PATHS + 1)])
def test_bounds(horizon: int, paths: int) -> None:
    model = following()
    with pytest.raises(InvalidInput):
        draw_scenarios(model, forecast_of(model), horizon, paths=paths)
