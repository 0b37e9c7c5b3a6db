"""Make the values that a model publishes, for tests of all who tell of them."""

from datetime import UTC, date, datetime
from statistics import NormalDist
from typing import Any
from uuid import UUID

from core.forecasts import (
    HORIZONS,
    LEVELS,
    ContractForecast,
    ContractVolatility,
    Forecast,
    ModelCard,
    ModelNote,
    ModelStatus,
    SkillScore,
    VolatilityPart,
)
from core.market import ContractMonth, Instrument
from quant.calendars import last_trade_date

FIT_ID = UUID("019a0000-0000-7000-8000-0000000000f1")
AS_OF = date(2026, 11, 16)
ISSUED = datetime(2026, 11, 16, 20, 30, tzinfo=UTC)
NOTE = ModelNote(code="volatility-floor", detail="The tenth contract did not settle on ten days.")
MONTHS = (ContractMonth(2026, 12), ContractMonth(2027, 1), ContractMonth(2027, 2))


def a_forecast(**changes: Any) -> Forecast:
    """Return a forecast of crude at normal quantiles, of three contracts; the first ends early."""
    product = changes.get("product", "CL")
    values: dict[str, Any] = {
        "product": product,
        "source": "import:test",
        "as_of": AS_OF,
        "version": 7,
        "fit_id": FIT_ID,
        "is_final": True,
        "issued_at": ISSUED,
        "horizons": HORIZONS,
        "contracts": tuple(
            _contract(product, place, month) for place, month in enumerate(MONTHS, 1)
        ),
        "volatility": tuple(_volatility(place, month) for place, month in enumerate(MONTHS, 1)),
        "notes": (NOTE,),
    }
    return Forecast(**values | changes)


def a_card(**changes: Any) -> ModelCard:
    """Return the card of the estimate behind `a_forecast`."""
    values: dict[str, Any] = {
        "product": "CL",
        "source": "import:test",
        "fit_id": FIT_ID,
        "code_version": "0.1.0",
        "fitted_at": datetime(2026, 11, 14, 3, tzinfo=UTC),
        "history_sources": ("import:test",),
        "first_day": date(2016, 11, 14),
        "last_day": date(2026, 11, 13),
        "observations": 2_512,
        "recorded_until": datetime(2026, 11, 14, 2, tzinfo=UTC),
        "log_likelihood": 52_340.5,
        "parameters": {"kappa": 1.49, "sigma_chi": 0.286},
        "standard_errors": {"kappa": 0.03, "sigma_chi": 0.01},
        "details": {"positions": 12},
        "scored_from": date(2024, 11, 14),
        "scores": (
            SkillScore(
                metric="crps",
                horizon=5,
                ours=1.21,
                baseline=1.3,
                baseline_name="historical simulation",
                low=-0.15,
                high=-0.03,
            ),
        ),
        "notes": (NOTE,),
    }
    return ModelCard(**values | changes)


def a_status(**changes: Any) -> ModelStatus:
    """Return the status of the model behind `a_forecast`."""
    values: dict[str, Any] = {
        "product": "CL",
        "source": "import:test",
        "as_of": AS_OF,
        "version": 7,
        "fit_id": FIT_ID,
        "observations": 2_513,
        "is_fitting": False,
        "waiting": None,
        "fit_error": None,
    }
    return ModelStatus(**values | changes)


def _contract(product: str, place: int, month: ContractMonth) -> ContractForecast:
    settlement, deviations = 60.0 + place, tuple(float(days) ** 0.5 for days in HORIZONS)
    return ContractForecast(
        position=place,
        contract_month=month,
        last_trade_date=last_trade_date(Instrument(product, month)),
        settlement=settlement,
        settled_on=AS_OF,
        fitted=settlement + 0.25,
        quantiles=tuple(
            tuple(NormalDist(settlement, deviation).inv_cdf(level) for level in LEVELS)
            for deviation in deviations
        ),
        volatilities=deviations,
    )


def _volatility(place: int, month: ContractMonth) -> ContractVolatility:
    return ContractVolatility(
        position=place,
        contract_month=month,
        years_to_expiry=place / 12.0,
        daily=1.25,
        annual=0.3125,
        samuelson=0.3,
        parts=(
            VolatilityPart(name="garch", weight=0.75, volatility=1.2),
            VolatilityPart(name="ewma", weight=0.25, volatility=1.4),
        ),
    )
