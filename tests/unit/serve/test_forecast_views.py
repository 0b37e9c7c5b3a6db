"""Check how forecasts and volatilities are told."""

from dataclasses import replace
from datetime import date

from core.forecasts import HORIZONS, LEVELS
from core.market import ContractMonth
from serve.routes.forecast_views import (
    QUANTILE_NAMES,
    forecast_rows,
    forecast_view,
    volatility_rows,
    volatility_view,
)
from tests.published_forecasts import MONTHS, NOTE, a_forecast


def test_a_forecast_has_a_price_for_each_level() -> None:
    view = forecast_view(a_forecast(), None, None)
    assert (view.levels, view.horizons) == (list(LEVELS), list(HORIZONS))
    assert (view.unit, view.notes[0].code) == ("USD/bbl", NOTE.code)
    front = view.contracts[0]
    assert (front.contract, front.symbol) == ("202612", "CLZ26")
    assert (front.settlement, front.fitted) == ("61", "61.25")
    for ahead in front.forecasts:
        assert len(ahead.quantiles) == len(LEVELS)
        assert ahead.quantiles[LEVELS.index(0.5)] == "61"
        prices = [float(price) for price in ahead.quantiles]
        assert prices == sorted(set(prices))


def test_a_horizon_is_a_business_day() -> None:
    """Thanksgiving, 26 November 2026, and a weekend lie before the tenth."""
    by_horizon = {
        one.horizon: one for one in forecast_view(a_forecast(), None, None).contracts[0].forecasts
    }
    assert by_horizon[1].date == date(2026, 11, 17)
    assert by_horizon[5].date == date(2026, 11, 23)
    assert by_horizon[10].date == date(2026, 12, 1)


def test_a_contract_that_ended_before_says_so() -> None:
    view = forecast_view(a_forecast(), None, None)
    assert view.contracts[0].last_trade_date == date(2026, 11, 20)
    ended = [[one.is_after_expiry for one in contract.forecasts] for contract in view.contracts]
    assert ended[0] == [False, True, True, True, True, True]
    assert ended[1] == [False, False, False, False, True, True]


def test_one_horizon_and_one_contract() -> None:
    forecast = a_forecast()
    whole = forecast_view(forecast, None, None)
    narrow = forecast_view(forecast, 20, MONTHS[1])
    assert narrow.horizons == [20]
    assert [one.contract for one in narrow.contracts] == ["202701"]
    (found,) = narrow.contracts[0].forecasts
    assert found == whole.contracts[1].forecasts[HORIZONS.index(20)]
    assert forecast_view(forecast, 3, None).horizons == []
    assert forecast_view(forecast, None, ContractMonth(2030, 1)).contracts == []


def test_rows_hold_every_number_of_the_whole() -> None:
    view = forecast_view(a_forecast(), None, None)
    rows = forecast_rows(view).to_pylist()
    assert len(rows) == len(MONTHS) * len(HORIZONS)
    assert QUANTILE_NAMES[:4] == ("q01", "q025", "q05", "q10")
    assert QUANTILE_NAMES[5:] == ("q50", "q75", "q90", "q95", "q975", "q99")
    for row, told in zip(rows, (f for c in view.contracts for f in c.forecasts), strict=True):
        assert [row[name] for name in QUANTILE_NAMES] == told.quantiles
        assert (row["date"], row["volatility"]) == (told.date, told.volatility)
    empty = forecast_rows(forecast_view(a_forecast(), 3, None))
    assert (empty.num_rows, empty.column_names[-1]) == (0, "q99")


def test_a_volatility_without_a_price_above_zero_has_no_annual_one() -> None:
    forecast = a_forecast()
    below = replace(forecast.volatility[0], annual=None, samuelson=None)
    view = volatility_view(replace(forecast, volatility=(below, *forecast.volatility[1:])), None)
    assert (view.contracts[0].annual, view.contracts[0].daily) == (None, "1.25")
    assert [(p.name, p.weight, p.volatility) for p in view.contracts[1].parts] == [
        ("garch", 0.75, "1.2"),
        ("ewma", 0.25, "1.4"),
    ]
    rows = volatility_rows(view).to_pylist()
    assert [row["annual"] for row in rows] == [None, 0.3125, 0.3125]
    assert rows[1]["symbol"] == "CLF27"
    assert [one.contract for one in volatility_view(forecast, MONTHS[2]).contracts] == ["202702"]
