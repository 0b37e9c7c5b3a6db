"""Own the Greeks of books over HTTP, under the contract and delivery month they belong to."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from core.books import BookName
from core.identity import Permission, Principal
from core.risk import MarketQuestion
from quant.risk.book_market import PricedBook, priced_book
from quant.risk.greeks import BookGreeks, book_greeks
from quant.units import price_unit_of
from serve.book_desk import Held, answered, given, held_in, rules_of, settled_for
from serve.identity.access import PrincipalOf, needs
from serve.market_views import MarketView, label_of, market_view
from serve.risk_requests import OfBook, OfPositions
from serve.services import Services, ServicesOf
from storage.book_markets import LoadedSettlements

router = APIRouter(tags=["options"])


class GreeksOfBook(MarketQuestion, OfBook):
    """Ask for the Greeks of a stored book."""


class GreeksOfPositions(MarketQuestion, OfPositions):
    """Ask for the Greeks of positions."""


class ContractGreeksView(BaseModel):
    """Hold the Greeks of one contract, in dollars.

    `delta` per 1.00 of its price, which is in `unit`, and `gamma` per its square; `vega` per 1.00
    of a volatility of returns, `normal_vega` of one in points of the price; `theta` per year that
    passes, `rho` per 1.00 of the rate. `option_value` is what options on it are worth.
    """

    contract: str
    symbol: str
    product: str
    contract_month: str
    price: float
    unit: str
    delta: float
    gamma: float
    vega: float
    normal_vega: float
    theta: float
    rho: float
    option_value: float


class GreekSums(BaseModel):
    """Hold what adds up over contracts, in dollars."""

    vega: float
    normal_vega: float
    theta: float
    rho: float
    option_value: float


class ApproximationView(BaseModel):
    """Tell of a position, counted from 1, that is valued as something simpler."""

    position: int
    label: str
    reason: str


class GreeksView(BaseModel):
    """Hold the Greeks of a book by contract, in order of product and month."""

    market: MarketView
    contracts: list[ContractGreeksView]
    total: GreekSums
    approximations: list[ApproximationView]


@router.post("/greeks", response_model=GreeksView, dependencies=[needs(Permission.ANALYTICS)])
async def read_greeks_of_positions(
    body: GreeksOfPositions, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return the Greeks of positions by contract month, at the settlements of a day.

    Futures and spreads stand under the contracts that they hold, options under their futures. A
    volatility that neither position nor another of its strike gives is taken from past changes.
    """
    return await _answered(services, caller, given(body), body)


@router.post(
    "/books/{name}/greeks",
    response_model=GreeksView,
    dependencies=[needs(Permission.ANALYTICS, Permission.BOOKS_READ)],
)
async def read_greeks_of_book(
    name: BookName, body: GreeksOfBook, caller: PrincipalOf, services: ServicesOf
) -> Response:
    """Return the Greeks of a stored book by contract month, at the settlements of a day."""
    return await _answered(services, caller, await held_in(services, caller, name, body), body)


async def _answered(
    services: Services, caller: Principal, held: Held, asked: MarketQuestion
) -> Response:
    settled = await settled_for(services, caller, held.positions, asked)

    def work() -> GreeksView:
        priced = priced_book(held.positions, settled.histories, settled.as_of, rules_of(asked))
        found = book_greeks(priced.trading.positions, priced.market)
        return _view(held, settled, priced, found)

    return await answered(services, "The Greeks of a book", work)


def _view(
    held: Held, settled: LoadedSettlements, priced: PricedBook, found: BookGreeks
) -> GreeksView:
    numbers = priced.trading.numbers
    return GreeksView(
        market=market_view(held, settled, priced),
        contracts=[_contract(found, row) for row in range(len(found.contracts))],
        total=GreekSums(
            vega=float(found.vegas.sum()),
            normal_vega=float(found.normal_vegas.sum()),
            theta=float(found.thetas.sum()),
            rho=float(found.rhos.sum()),
            option_value=float(found.option_values.sum()),
        ),
        approximations=[
            ApproximationView(
                position=numbers[one.position] + 1,
                label=label_of(numbers[one.position], held.positions[numbers[one.position]]),
                reason=one.reason,
            )
            for one in found.approximations
        ],
    )


def _contract(found: BookGreeks, row: int) -> ContractGreeksView:
    contract = found.contracts[row]
    return ContractGreeksView(
        contract=str(contract),
        symbol=contract.symbol,
        product=contract.product,
        contract_month=str(contract.contract_month),
        price=float(found.prices[row]),
        unit=str(price_unit_of(contract.product)),
        delta=float(found.deltas[row]),
        gamma=float(found.gammas[row]),
        vega=float(found.vegas[row]),
        normal_vega=float(found.normal_vegas[row]),
        theta=float(found.thetas[row]),
        rho=float(found.rhos[row]),
        option_value=float(found.option_values[row]),
    )
