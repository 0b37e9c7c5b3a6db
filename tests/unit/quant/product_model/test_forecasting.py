"""Check what a model says: prices about its medians, and a note for each fallback."""

from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite, sqrt

import numpy as np
import pytest

from core.forecasts import HORIZONS, LEVELS, Forecast
from core.market import SettlementStage
from quant.calendars import add_business_days, calendar_of
from quant.forecast.forecasts import forecast_densities
from quant.product_model.following import Following
from quant.product_model.forecasting import Issue, forecast_product
from quant.product_model.settled import settled_days
from quant.schwartz_smith.curve_model import forecast_prices
from tests.settled_products import CONTRACTS, LAST_DAY, announced, estimated

ISSUE = Issue(source="sandbox", version=3, issued_at=datetime(2026, 11, 16, tzinfo=UTC))
NEXT_DAY = add_business_days(LAST_DAY, 1, calendar_of("CL"))
MEDIAN = LEVELS.index(0.5)


def following(days: int = 290) -> Following:
    found = estimated(days=days)
    return Following.of(found.fit, found.days)


def notes_of(forecast: Forecast) -> dict[str, str]:
    return {note.code: note.detail for note in forecast.notes}


def numbers_of(forecast: Forecast) -> list[float]:
    found = [
        number
        for one in forecast.contracts
        for row in (*one.quantiles, one.volatilities)
        for number in row
    ]
    return [*found, *(one.daily for one in forecast.volatility)]


def test_quantiles_lie_about_the_curve_models_median_as_changes_about_theirs() -> None:
    model = following()
    forecast = forecast_product(model, ISSUE)
    assert (forecast.product, forecast.as_of, forecast.version) == ("CL", LAST_DAY, 3)
    assert forecast.is_final
    densities = forecast_densities(model.fit.density, model.state.density, HORIZONS)
    assert model.fit.curve is not None
    assert model.state.curve is not None
    for contract in forecast.contracts:
        for place, horizon in enumerate(HORIZONS):
            density = densities[contract.position, horizon]
            price = np.array([contract.settlement])
            median = forecast_prices(model.fit.curve, model.state.curve, price, horizon)[0]
            row = contract.quantiles[place]
            assert row[MEDIAN] == pytest.approx(median, rel=1e-12)
            for level, quantile in zip(LEVELS, row, strict=True):
                change = density.quantile(level) - density.quantile(0.5)
                assert quantile - median == pytest.approx(change, abs=1e-9)
            assert contract.volatilities[place] == pytest.approx(sqrt(density.variance))
        assert all(low <= high for low, high in pairwise(row))


def test_a_contract_has_its_own_month_end_and_fitted_price() -> None:
    model = following()
    forecast = forecast_product(model, ISSUE)
    months = model.fit.months(LAST_DAY)
    assert [one.contract_month for one in forecast.contracts] == list(months)
    for one in forecast.contracts:
        assert one.settled_on == LAST_DAY
        assert one.fitted == pytest.approx(one.settlement, rel=0.01)
        assert one.last_trade_date >= LAST_DAY


def test_volatilities_are_daily_and_annual_and_fall_along_the_curve() -> None:
    forecast = forecast_product(following(), ISSUE)
    for one, contract in zip(forecast.volatility, forecast.contracts, strict=True):
        assert one.daily == contract.volatilities[0]
        assert one.annual == pytest.approx(one.daily * sqrt(252) / contract.settlement)
        assert one.samuelson == pytest.approx(one.annual, rel=0.1)
        assert sum(part.weight for part in one.parts) == pytest.approx(1.0)
        variance = sum(part.weight * part.volatility**2 for part in one.parts)
        assert sqrt(variance) == pytest.approx(one.daily)


def test_what_has_not_settled_yet_is_carried_and_named() -> None:
    model = following()
    months = model.fit.months(NEXT_DAY)
    price = f"{model.state.settled[months[0]].price + 1:.2f}"
    some = settled_days(
        announced(NEXT_DAY, [(months[0], price)], stage=SettlementStage.PRELIMINARY)
    )
    forecast = forecast_product(model.follow(some), ISSUE)
    assert not forecast.is_final
    first, second = forecast.contracts[:2]
    assert (first.settlement, first.settled_on) == (float(price), NEXT_DAY)
    assert second.settled_on == LAST_DAY
    assert str(months[1]) in notes_of(forecast)["carried"]
    assert str(months[0]) not in notes_of(forecast)["carried"]


@pytest.mark.parametrize("price", ["-37.63", "0.00"])
def test_a_price_that_is_not_positive_stays_where_it_is(price: str) -> None:
    model = following()
    months = model.fit.months(NEXT_DAY)[:CONTRACTS]
    settled = [(months[0], price), *((month, "60.00") for month in months[1:-1])]
    forecast = forecast_product(model.follow(settled_days(announced(NEXT_DAY, settled))), ISSUE)
    assert all(map(isfinite, numbers_of(forecast)))
    first, second = forecast.contracts[:2]
    assert {row[MEDIAN] for row in first.quantiles} == {float(price)}
    assert {row[MEDIAN] for row in second.quantiles} != {60.0}
    assert forecast.volatility[0].annual is None
    assert all(one.samuelson is None for one in forecast.volatility)
    assert notes_of(forecast)["not-positive"].startswith(str(months[0]))


def test_without_a_curve_model_medians_are_the_settlements_and_a_note_says_why() -> None:
    forecast = forecast_product(following(days=130), ISSUE)
    assert all(map(isfinite, numbers_of(forecast)))
    for one in forecast.contracts:
        assert one.fitted is None
        assert {row[MEDIAN] for row in one.quantiles} == {one.settlement}
    notes = notes_of(forecast)
    assert "240" in notes["no-curve-model"]
    assert "250" in notes["usual-parameters"]


def test_contracts_that_end_before_a_horizon_are_named() -> None:
    forecast = forecast_product(following(), ISSUE)
    furthest = add_business_days(LAST_DAY, HORIZONS[-1], calendar_of("CL"))
    ending = [
        str(one.contract_month) for one in forecast.contracts if one.last_trade_date < furthest
    ]
    assert ending
    assert notes_of(forecast)["expires"].split(":")[0] == ", ".join(ending)
