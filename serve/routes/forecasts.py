"""Own forecasts over HTTP: distributions, volatilities, model cards, and how the models stand."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from core import products as registry
from core.dates import Day
from core.errors import (
    ForecastNotFound,
    InvalidInput,
    ModelNotReady,
    NotFound,
    SourceUnavailable,
    UnknownInstrument,
)
from core.forecasts import HORIZONS, Forecast, ModelStatus
from core.identity import Permission, Principal
from core.market import ContractMonth, Instrument, validate_source
from serve.identity.access import PrincipalOf, needs
from serve.routes.forecast_views import (
    ForecastView,
    VolatilityView,
    forecast_rows,
    forecast_view,
    volatility_rows,
    volatility_view,
)
from serve.routes.model_views import ModelView, StatusList, StatusView, card_view, status_view
from serve.services import Services, ServicesOf
from serve.settled import in_form, row_answers
from serve.tables import FormOf
from storage import models

router = APIRouter(tags=["forecasts"], dependencies=[needs(Permission.MARKET_READ)])

ANSWER_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Hold which publication is asked for, and of which contract; None is the latest, and all."""

    as_of: date | None
    source: str | None
    contract: ContractMonth | None


def _source(
    source: Annotated[
        str | None, Query(description="cme, ice or sandbox; unset: the one published last.")
    ] = None,
) -> str | None:
    return None if source is None else validate_source(source)


def _contract(
    contract: Annotated[str | None, Query(description="One delivery month, YYYYMM.")] = None,
) -> ContractMonth | None:
    return None if contract is None else ContractMonth.parse_listed(contract)


SourceOf = Annotated[str | None, Depends(_source)]
ContractOf = Annotated[ContractMonth | None, Depends(_contract)]


def _asked(
    source: SourceOf,
    contract: ContractOf,
    as_of: Annotated[
        Day | None, Query(description="The forecast of this settlement date, or the last before.")
    ] = None,
) -> _Asked:
    return _Asked(as_of=as_of, source=source, contract=contract)


def _horizon(
    horizon: Annotated[
        int | None,
        Query(description=f"Business days: one of {', '.join(map(str, HORIZONS))}; unset: all."),
    ] = None,
) -> int | None:
    if horizon is not None and horizon not in HORIZONS:
        reason = f"published are {', '.join(map(str, HORIZONS))} business days, was {horizon}"
        raise InvalidInput(field="horizon", reason=reason)
    return horizon


AskedOf = Annotated[_Asked, Depends(_asked)]
HorizonOf = Annotated[int | None, Depends(_horizon)]


@router.get("/products/{code}/forecast", responses=row_answers(ForecastView))
async def read_forecast(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    asked: AskedOf,
    horizon: HorizonOf,
    form: FormOf,
) -> Response:
    """Return the distributions of settlements 1 to 60 business days ahead, by contract.

    Unset, it is the latest publication: one follows every settlement that arrives. A product
    whose model waits for its history is refused with the code `model-not-ready`.
    """
    found = await read_publication(code, caller, services, asked.source, asked.as_of)
    view = forecast_view(found, horizon, asked.contract)
    require_contract(found, asked.contract, bool(view.contracts))
    return in_form(view, forecast_rows(view), form)


@router.get("/products/{code}/volatility", responses=row_answers(VolatilityView))
async def read_volatility(
    code: str, caller: PrincipalOf, services: ServicesOf, asked: AskedOf, form: FormOf
) -> Response:
    """Return how much each contract moves, beside the term structure of volatility.

    It belongs to the same publication as the forecast.
    """
    found = await read_publication(code, caller, services, asked.source, asked.as_of)
    view = volatility_view(found, asked.contract)
    require_contract(found, asked.contract, bool(view.contracts))
    return in_form(view, volatility_rows(view), form)


@router.get("/products/{code}/model")
async def read_model(
    code: str, caller: PrincipalOf, services: ServicesOf, source: SourceOf
) -> ModelView:
    """Return the card of a product's newest estimate, and how its model stands."""
    registry.product(code)
    async with services.pools.read(caller.org_id) as connection:
        card = await models.latest_card(connection, code, source)
    try:
        status = await _listed(services, code)
    except NotFound as error:
        if card is None:
            raise
        status = _unreached(code, error.detail)
    return ModelView(status=status, card=None if card is None else card_view(card))


@router.get("/models")
async def list_models(services: ServicesOf) -> StatusList:
    """Tell how the model of each product stands; of one that does not answer, only why."""
    codes = await services.models.products()
    return StatusList(items=await asyncio.gather(*(_listed(services, code) for code in codes)))


async def read_publication(
    code: str,
    caller: Principal,
    services: Services,
    source: str | None,
    as_of: date | None = None,
) -> Forecast:
    """Return the last forecast of a product, or the last one made of a day or before.

    Raises:
        UnknownProduct: the product is not in the registry.
        ModelNotReady: the model has none yet; says what it waits for.
        ForecastNotFound: there is none of the source or the day.
        SourceUnavailable: there is none, and the model that could say why does not answer.
    """
    registry.product(code)
    async with services.pools.read(caller.org_id) as connection:
        found = await models.forecast_as_of(connection, code, as_of, source)
    if found is not None:
        return found
    if as_of is None:
        status = await _status(services, code)
        if status.waiting is not None and source in (None, status.source):
            raise ModelNotReady(product=code, reason=status.waiting)
    raise ForecastNotFound(product=code, source=source or "any source", as_of=str(as_of or "today"))


def require_contract(found: Forecast, contract: ContractMonth | None, has_it: bool) -> None:
    """Raise UnknownInstrument where a contract is asked for that a forecast does not have."""
    if contract is not None and not has_it:
        reason = f"the forecast as of {found.as_of} has no such contract"
        raise UnknownInstrument(instrument=str(Instrument(found.product, contract)), reason=reason)


async def _listed(services: Services, code: str) -> StatusView:
    try:
        return status_view(await _status(services, code))
    except SourceUnavailable as error:
        return _unreached(code, error.detail)


async def _status(services: Services, code: str) -> ModelStatus:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await services.models.status(code)
    except TimeoutError as error:
        reason = f"it did not answer within {ANSWER_WITHIN_S:.0f} s"
        raise SourceUnavailable(source=f"model of {code}", reason=reason) from error


def _unreached(code: str, reason: str) -> StatusView:
    return StatusView(
        product=code,
        source=None,
        as_of=None,
        version=0,
        fit_id=None,
        observations=0,
        is_fitting=False,
        waiting=reason,
        fit_error=None,
    )
