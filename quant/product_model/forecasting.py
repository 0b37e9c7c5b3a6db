"""Own what a product's model says: the forecast of each contract, its volatility, and the notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from core.forecasts import (
    HORIZONS,
    LEVELS,
    ContractForecast,
    ContractVolatility,
    Forecast,
    ModelNote,
    VolatilityPart,
)
from core.market import ContractMonth, Instrument
from quant.calendars import add_business_days, calendar_of, last_trade_date
from quant.forecast.density import LEVELS as DENSITY_LEVELS
from quant.forecast.density import DensityForecast
from quant.forecast.forecasts import forecast_densities
from quant.product_model.following import Following
from quant.product_model.state import ModelState, ProductFit, Settled
from quant.schwartz_smith.chain import DAYS_PER_YEAR
from quant.schwartz_smith.curve_model import forecast_prices
from quant.schwartz_smith.forecasting import futures_curve
from quant.volatility.samuelson import fit_samuelson

Reals = NDArray[np.float64]
Densities = Mapping[tuple[int, int], DensityForecast]

BUSINESS_DAYS = 252
"""Be how many daily variances make an annual one."""

_FEWEST_MATURITIES = 3
_MEDIAN = LEVELS.index(0.5)
_PLACES = np.interp(LEVELS, DENSITY_LEVELS, np.arange(len(DENSITY_LEVELS)))
_LEFT = np.minimum(_PLACES.astype(np.int64), len(DENSITY_LEVELS) - 2)
_BEYOND = _PLACES - _LEFT


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Say how a forecast is published: of which source, at which version, and when."""

    source: str
    version: int
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contract:
    """Hold a contract that is forecast: its place on the curve and its last settlement."""

    position: int
    month: ContractMonth
    last_trade_date: date
    years: float
    settled: Settled


def forecast_product(following: Following, issue: Issue) -> Forecast:
    """Forecast every followed contract that ever settled, over each of HORIZONS.

    A contract's median is its last settlement moved by what the curve model expects; its quantiles
    lie about it as the density of its change lies about its own median. A price that is not
    positive stays where it is, and so does every price without a curve model: notes tell.

    Raises:
        HistoryTooShort: the density model has seen fewer than 100 days.
    """
    fit, state, as_of = following.fit, following.state, following.as_of
    months = fit.months(as_of)
    contracts = _contracts(fit, as_of, months, state.settled)
    densities = forecast_densities(fit.density, state.density, HORIZONS)
    prices = np.array([one.settled.price for one in contracts])
    medians = np.array([median_prices(fit, state, prices, horizon) for horizon in HORIZONS])
    fitted = _fitted(fit, state, contracts)
    today = following.today
    return Forecast(
        product=fit.product,
        source=issue.source,
        as_of=as_of,
        version=issue.version,
        fit_id=fit.fit_id,
        is_final=today is not None and today.is_final(one.month for one in contracts),
        issued_at=issue.issued_at,
        horizons=HORIZONS,
        contracts=tuple(
            _contract_forecast(one, densities, medians[:, place].tolist(), fitted[place])
            for place, one in enumerate(contracts)
        ),
        volatility=_volatilities(contracts, densities),
        notes=(*fit.notes, *_notes(fit, as_of, months, contracts)),
    )


def _contracts(
    fit: ProductFit,
    as_of: date,
    months: Sequence[ContractMonth],
    settled: Mapping[ContractMonth, Settled],
) -> list[_Contract]:
    found = []
    for position, month in zip(fit.density.positions, months, strict=True):
        if month in settled:
            end = last_trade_date(Instrument(fit.product, month))
            found.append(
                _Contract(
                    position=position,
                    month=month,
                    last_trade_date=end,
                    years=(end - as_of).days / DAYS_PER_YEAR,
                    settled=settled[month],
                )
            )
    return found


def median_prices(fit: ProductFit, state: ModelState, prices: Reals, horizon: int) -> Reals:
    """Return the medians of contracts that settled at `prices`, so many business days ahead."""
    if fit.curve is None or state.curve is None:
        return prices
    return forecast_prices(fit.curve, state.curve, prices, horizon)


def _fitted(
    fit: ProductFit, state: ModelState, contracts: Sequence[_Contract]
) -> list[float | None]:
    """Return the curve model's own price of each contract today, its season included."""
    if fit.curve is None or state.curve is None:
        return [None] * len(contracts)
    years = np.array([one.years for one in contracts])
    seasons = np.array([fit.curve.season[one.month.month - 1] for one in contracts])
    plain = futures_curve(fit.curve.model, state.curve.filter, years)
    return [float(price) for price in plain * np.exp(seasons)]


def _contract_forecast(
    contract: _Contract, densities: Densities, medians: Sequence[float], fitted: float | None
) -> ContractForecast:
    found = [densities[contract.position, horizon] for horizon in HORIZONS]
    changes = _at_levels(np.array([density.quantiles for density in found]))
    # The difference first: the median's own is exactly zero, so the median is what was asked for.
    quantiles = np.array(medians)[:, None] + (changes - changes[:, _MEDIAN : _MEDIAN + 1])
    return ContractForecast(
        position=contract.position,
        contract_month=contract.month,
        last_trade_date=contract.last_trade_date,
        settlement=contract.settled.price,
        settled_on=contract.settled.on,
        fitted=fitted,
        quantiles=tuple(tuple(row) for row in quantiles.tolist()),
        volatilities=tuple(sqrt(density.variance) for density in found),
    )


def _at_levels(quantiles: Reals) -> Reals:
    """Return quantiles (horizons, LEVELS) of those at 1…99 %, linear between these."""
    left = quantiles[:, _LEFT]
    between: Reals = left + _BEYOND * (quantiles[:, _LEFT + 1] - left)
    return between


def _volatilities(
    contracts: Sequence[_Contract], densities: Densities
) -> tuple[ContractVolatility, ...]:
    daily = [sqrt(densities[one.position, 1].variance) for one in contracts]
    annual = [
        volatility * sqrt(BUSINESS_DAYS) / one.settled.price if one.settled.price > 0.0 else None
        for one, volatility in zip(contracts, daily, strict=True)
    ]
    return tuple(
        ContractVolatility(
            position=one.position,
            contract_month=one.month,
            years_to_expiry=one.years,
            daily=daily[place],
            annual=annual[place],
            samuelson=samuelson,
            parts=tuple(
                VolatilityPart(name=part.name, weight=part.weight, volatility=sqrt(part.variance))
                for part in densities[one.position, 1].parts
            ),
        )
        for place, (one, samuelson) in enumerate(
            zip(contracts, _samuelson(contracts, annual), strict=True)
        )
    )


def _samuelson(
    contracts: Sequence[_Contract], annual: Sequence[float | None]
) -> list[float | None]:
    """Return annual volatilities along a Samuelson curve, None where too few prices allow one."""
    known = [
        (one.years, volatility)
        for one, volatility in zip(contracts, annual, strict=True)
        if volatility is not None
    ]
    if len(known) < max(_FEWEST_MATURITIES, len(contracts)):
        return [None] * len(contracts)
    years, volatilities = np.array(known).T
    curve = fit_samuelson(years, volatilities)
    return [float(volatility) for volatility in curve.volatilities(years)]


def _notes(
    fit: ProductFit,
    as_of: date,
    months: Sequence[ContractMonth],
    contracts: Sequence[_Contract],
) -> list[ModelNote]:
    forecast = {one.month for one in contracts}
    unpriced = [str(month) for month in months if month not in forecast]
    carried = [str(one.month) for one in contracts if one.settled.on != as_of]
    low = [str(one.month) for one in contracts if one.settled.price <= 0.0]
    furthest = add_business_days(as_of, HORIZONS[-1], calendar_of(fit.product))
    ending = [str(one.month) for one in contracts if one.last_trade_date < furthest]
    told = (
        ("unpriced", unpriced, "without any settlement, not forecast"),
        ("carried", carried, f"not settled on {as_of} yet, forecast from an earlier settlement"),
        ("not-positive", low, "price not above 0: no drift, dollar changes only"),
        (
            "expires",
            ending,
            "trades no more at some horizon, which is that of the position held on in the next",
        ),
    )
    return [
        ModelNote(code=code, detail=f"{', '.join(named)}: {detail}.")
        for code, named, detail in told
        if named
    ]
