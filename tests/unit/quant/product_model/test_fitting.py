"""Check what an estimate is made of, what it refuses, and what its card tells."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from core.errors import HistoryTooShort
from core.forecasts import ModelCard
from quant.contract_history import ContractHistory
from quant.product_model.cards import model_card
from quant.product_model.curve_scores import long_run_deviation
from quant.product_model.fitting import fit_product
from quant.product_model.following import FEWEST_DAYS, KEPT_DAYS, Following
from quant.product_model.history import joined
from quant.product_model.state import ProductFit
from quant.product_model.vintage import Vintage
from tests.settled_products import CONTRACTS, FIT_ID, estimated, settled_history

NOW = datetime(2026, 11, 16, tzinfo=UTC)


def between(history: ContractHistory, first: int, last: int) -> ContractHistory:
    return replace(
        history, dates=history.dates[first:last], settlements=history.settlements[first:last]
    )


def test_an_estimate_sees_all_but_the_days_that_can_be_corrected() -> None:
    found, history = estimated(days=130), settled_history(days=130)
    assert found.fit.positions == CONTRACTS
    assert found.fit.fitted_through == history.dates[-KEPT_DAYS - 1] == found.fit.begin.last_day
    assert tuple(day.trade_date for day in found.days) == history.dates[-KEPT_DAYS:]
    other = history.settlements.copy()
    other[-KEPT_DAYS:] *= 1.1
    again = fit_product(replace(history, settlements=other), FIT_ID)
    assert again.fit.to_json() == found.fit.to_json()


def test_an_estimates_json_holds_it() -> None:
    fit = estimated().fit
    written = msgspec.json.encode(fit.to_json())
    assert msgspec.json.encode(ProductFit.from_json(msgspec.json.decode(written)).to_json()) == (
        written
    )


def test_too_few_days_are_refused() -> None:
    history = settled_history(days=130)
    with pytest.raises(HistoryTooShort, match=str(FEWEST_DAYS)):
        fit_product(between(history, 0, FEWEST_DAYS - 1), FIT_ID)
    least = fit_product(between(history, 0, FEWEST_DAYS), FIT_ID)
    assert least.fit.begin.density.observations == FEWEST_DAYS - KEPT_DAYS - 1


def test_positions_that_hardly_ever_settle_are_not_followed() -> None:
    history = settled_history(days=130)
    thin = history.settlements.copy()
    thin[::2, 8:] = np.nan
    thin[-60:, 8:] = np.nan
    found = fit_product(replace(history, settlements=thin), FIT_ID)
    assert 1 <= found.fit.positions < CONTRACTS
    model = Following.of(found.fit, found.days)
    assert np.isfinite(model.state.density.changes).all()


def test_prices_that_are_not_positive_are_left_out_of_the_curve_model_and_counted() -> None:
    history = settled_history()
    prices = history.settlements.copy()
    row, column = 100, int(np.flatnonzero(np.isfinite(prices[100]))[0])
    prices[row, column] = -37.63
    found = fit_product(replace(history, settlements=prices), FIT_ID)
    assert found.trained is not None
    assert found.chain.left_out.cells == 1
    card = model_card(found, vintage(history))
    assert card.details["curve"]["left_out"] == 1


def vintage(history: ContractHistory) -> Vintage:
    return Vintage(
        source="sandbox",
        sources=("import:desk", "sandbox"),
        first_day=history.dates[0],
        recorded_until=NOW,
        fitted_at=NOW,
        code_version="1",
    )


def test_a_card_tells_parameters_errors_and_data() -> None:
    found, history = estimated(), settled_history()
    card = model_card(found, vintage(history))
    assert card.observations == len(history.dates) - KEPT_DAYS
    assert (card.first_day, card.last_day) == (history.dates[0], found.fit.fitted_through)
    assert found.trained is not None
    assert card.log_likelihood == found.trained.estimate.log_likelihood
    parameters = found.trained.curve.model.parameters
    assert card.parameters["kappa"] == parameters.kappa
    assert card.standard_errors.keys() <= card.parameters.keys()
    assert len(card.details["density"]["garch"]) == CONTRACTS
    assert msgspec.json.decode(msgspec.json.encode(card), type=ModelCard) == card


def test_a_past_is_put_before_the_present_and_never_over_it() -> None:
    history = settled_history(days=130)
    past, present = between(history, 0, 100), between(history, 60, 130)
    doubled = replace(past, settlements=2.0 * past.settlements)
    both = joined(doubled, present)
    assert both.dates == history.dates
    np.testing.assert_array_equal(both.settlements[:60], 2.0 * history.settlements[:60])
    np.testing.assert_array_equal(both.settlements[60:], history.settlements[60:])
    assert joined(None, present) is present
    assert joined(between(history, 60, 90), present) is present


def test_the_deviation_of_a_correlated_mean_is_newey_wests() -> None:
    values = np.random.default_rng(1).normal(size=400).cumsum()[::7]
    plain = float(np.std(values) / np.sqrt(values.size))
    assert long_run_deviation(values, 0) == pytest.approx(plain)
    centred = values - values.mean()
    gamma = [float(centred[lag:] @ centred[: values.size - lag]) / values.size for lag in range(4)]
    variance = gamma[0] + 2 * sum((1 - lag / 4) * gamma[lag] for lag in (1, 2, 3))
    assert long_run_deviation(values, 3) == pytest.approx(np.sqrt(variance / values.size))
