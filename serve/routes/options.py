"""Own option prices over HTTP: one option with its Greeks, implied volatilities, smiles."""

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel

from core.identity import Permission
from serve.identity.access import PrincipalOf, needs
from serve.option_requests import ImpliedVolatilityAsked, OptionAsked, SmileAsked
from serve.option_valuation import SmileView, fit_smiles, imply_volatility, value_option
from serve.services import ServicesOf

router = APIRouter(tags=["options"], dependencies=[needs(Permission.ANALYTICS)])


class OptionView(BaseModel):
    """Hold what an option is worth, and its Greeks: plain derivatives of the price.

    `delta` per 1.00 of the price, `gamma` per its square, `vega` per 1.00 of volatility, `theta`
    per year that passes, `rho` per 1.00 of the rate, futures prices held still.
    """

    model: str
    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float


class SpreadOptionView(BaseModel):
    """Hold what a spread option is worth, and its Greeks by leg.

    `cross_gamma` is ∂²/∂F1∂F2, `correlation_sensitivity` per 1.00 of correlation; `rho` is that of
    the rate.
    """

    model: str
    price: float
    delta1: float
    delta2: float
    gamma1: float
    gamma2: float
    cross_gamma: float
    vega1: float
    vega2: float
    correlation_sensitivity: float
    theta: float
    rho: float


class ImpliedVolatilityView(BaseModel):
    """Hold a volatility per year: of returns, or under bachelier in price units."""

    model: str
    volatility: float


class SmilesView(BaseModel):
    """Hold a smile for each expiry, in the order asked."""

    model: str
    smiles: list[SmileView]


@router.post("/options/price")
async def price_option(
    body: OptionAsked, _caller: PrincipalOf, services: ServicesOf
) -> OptionView | SpreadOptionView:
    """Price one option, with its Greeks.

    Inputs are named as `heliostat price MODEL` names them. Every number of the answer is finite;
    a negative price under a log model is refused by name, and `bachelier` takes it.
    """
    found = asdict(await services.calculator.run(value_option, body))
    kind = SpreadOptionView if "delta1" in found else OptionView
    return kind(model=body.model, **found)


@router.post("/options/implied-volatility")
async def read_implied_volatility(
    body: ImpliedVolatilityAsked, _caller: PrincipalOf, services: ServicesOf
) -> ImpliedVolatilityView:
    """Return the volatility at which an option on a future is worth its price."""
    found = await services.calculator.run(imply_volatility, body)
    return ImpliedVolatilityView(model=body.model, volatility=found)


@router.post("/options/smile")
async def fit_option_smiles(
    body: SmileAsked, _caller: PrincipalOf, services: ServicesOf
) -> SmilesView:
    """Join quotes of each expiry to a smile, check its butterflies, read it at other strikes.

    Quotes are volatilities, or prices of European options. What was fallen back to is told:
    `monotone cubic` where a spline would fall to 0, flat or capped wings.
    """
    smiles = await services.calculator.run(fit_smiles, body)
    return SmilesView(model=body.model, smiles=smiles)
