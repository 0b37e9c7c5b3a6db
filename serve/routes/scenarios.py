"""Own scenario paths over HTTP: prices that may come, drawn from the model of a product."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import pyarrow as pa
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from core.errors import InvalidInput, ModelNotReady
from core.forecasts import Forecast
from core.identity import Permission
from core.market import ContractMonth, Instrument
from quant.forecast.draws import LONGEST
from quant.product_model.forecasting import Issue, forecast_product
from quant.product_model.scenarios import draw_scenarios
from serve.identity.access import PrincipalOf, needs
from serve.routes.forecast_views import PublishedView, published
from serve.routes.forecasts import ContractOf, SourceOf, read_publication, require_contract
from serve.services import ServicesOf
from serve.settled import in_form, price_text, row_answers
from serve.tables import Form, FormOf
from storage import models
from storage.models import Remembered

router = APIRouter(tags=["forecasts"], dependencies=[needs(Permission.MARKET_READ)])

MAX_PATHS = 1_000
MAX_PRICES = 120_000
"""Bound the prices of one answer, which take some two seconds to draw and to write."""
_MAX_SEED = 2**31 - 1


class ScenarioContractView(BaseModel):
    """Name a contract of the paths; after `last_trade_date` they are of the position held on."""

    contract: str
    symbol: str
    last_trade_date: date


class ScenariosView(PublishedView):
    """Hold paths; each has, for each of `dates`, a price for each of `contracts`, in their order.

    Contracts move together along a path. Paths are equally likely, and the same for the same
    version and seed.
    """

    seed: int
    dates: list[date]
    contracts: list[ScenarioContractView]
    paths: list[list[list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Hold what is to be drawn; None is every contract."""

    horizon: int
    paths: int
    seed: int
    contract: ContractMonth | None


def _asked(
    contract: ContractOf,
    horizon: Annotated[int, Query(ge=1, le=LONGEST, description="Business days ahead.")] = 20,
    paths: Annotated[int, Query(ge=1, le=MAX_PATHS)] = 100,
    seed: Annotated[int, Query(ge=0, le=_MAX_SEED, description="Another draws others.")] = 0,
) -> _Asked:
    return _Asked(horizon=horizon, paths=paths, seed=seed, contract=contract)


@router.get("/products/{code}/scenarios", responses=row_answers(ScenariosView))
async def read_scenarios(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    asked: Annotated[_Asked, Depends(_asked)],
    source: SourceOf,
    form: FormOf,
) -> Response:
    """Return paths of settlements of all contracts together, drawn from the latest forecast.

    As a table, a row is a day of a path, counted from 1, and a column a contract.
    """
    found = await read_publication(code, caller, services, source)
    async with services.pools.read(caller.org_id) as connection:
        remembered = await models.remembered(connection, found.source, code)
    if remembered is None:
        raise ModelNotReady(product=code, reason="its state is no longer kept")
    return await services.calculator.run(_answer, remembered, found, asked, form)


def _answer(remembered: Remembered, found: Forecast, asked: _Asked, form: Form) -> Response:
    following = remembered.following()
    if following is None:
        raise ModelNotReady(product=found.product, reason="it is being estimated by newer code")
    issue = Issue(source=found.source, version=remembered.version, issued_at=remembered.issued_at)
    forecast = forecast_product(following, issue)
    chosen = [
        place
        for place, one in enumerate(forecast.contracts)
        if asked.contract in (None, one.contract_month)
    ]
    require_contract(forecast, asked.contract, bool(chosen))
    count = asked.paths * asked.horizon * len(chosen)
    if count > MAX_PRICES:
        reason = f"{count:,} prices are more than {MAX_PRICES:,}: fewer paths, days or contracts"
        raise InvalidInput(field="paths", reason=reason)
    drawn = draw_scenarios(following, forecast, asked.horizon, paths=asked.paths, seed=asked.seed)
    contracts = [forecast.contracts[place] for place in chosen]
    view = ScenariosView(
        **published(forecast),
        seed=asked.seed,
        dates=list(drawn.days),
        contracts=[
            ScenarioContractView(
                contract=str(one.contract_month),
                symbol=Instrument(forecast.product, one.contract_month).symbol,
                last_trade_date=one.last_trade_date,
            )
            for one in contracts
        ],
        paths=[
            [[price_text(price) for price in day] for day in path]
            for path in drawn.prices[:, :, chosen].tolist()
        ],
    )
    return in_form(view, _rows(view), form)


def _rows(view: ScenariosView) -> pa.Table:
    days = len(view.dates)
    numbers = [number for number in range(1, len(view.paths) + 1) for _ in range(days)]
    columns = {
        "path": pa.array(numbers, pa.int64()),
        "date": pa.array(view.dates * len(view.paths), pa.date32()),
    }
    for place, one in enumerate(view.contracts):
        prices = [day[place] for path in view.paths for day in path]
        columns[one.symbol] = pa.array(prices, pa.string())
    return pa.table(columns)
