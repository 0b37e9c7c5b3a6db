"""Own the way from a request for options to the models of `quant.options`, and back.

QuantLib is imported when the first option is asked for, so that replicas start without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from core.errors import InvalidInput, ModelNotApplicable
from quant.options.terms import FuturesMarket, Market, Option, OptionKind, SpotMarket, Valuation
from serve.option_requests import (
    AmericanOption,
    AsianOption,
    BachelierOption,
    Black76Option,
    ImpliedVolatilityAsked,
    SmileAsked,
    SmileExpiry,
    SmileQuote,
    SpreadOption,
)

if TYPE_CHECKING:
    from quant.options.smile import Smile, SmileModel
    from quant.options.spread import SpreadValuation

Reals = NDArray[np.float64]

# How the models call what a request names otherwise.
_NAMES = {
    "expiry_years": "expiry",
    "volatility": "vol",
    "dividend_yield": "yield",
    "carry": "rate",
    "forward1": "f1",
    "forward2": "f2",
    "F1": "f1",
    "F2": "f2",
    "F2 + strike": "strike",
    "volatility1": "vol1",
    "volatility2": "vol2",
    "correlation": "rho",
    "starts_years": "averaging_from",
    "elapsed_years": "averaging_from",
    "past_average": "average_so_far",
}
_LARGEST_LOG_VOL = 100.0


class Wings(BaseModel):
    """Name what goes on beyond the quotes: linear, flat, or capped where linear is arbitrage."""

    left: str
    right: str


class ButterflyView(BaseModel):
    """Say whether butterflies cost at least 0 from `lowest_strike` to `highest_strike`."""

    is_free: bool
    least_probability: float
    at_strike: float
    lowest_strike: float
    highest_strike: float


class SmileValue(BaseModel):
    """Hold the volatility of a strike; beyond the quotes it is extrapolated."""

    strike: float
    volatility: float
    is_extrapolated: bool


class SmileView(BaseModel):
    """Hold the smile of one expiry: what joins its quotes, its check, values at asked strikes."""

    expiry: float
    forward: float
    interpolation: str
    wings: Wings
    quotes: list[SmileValue]
    butterflies: ButterflyView
    values: list[SmileValue]


Asked = Black76Option | BachelierOption | SpreadOption | AsianOption | AmericanOption


def value_option(asked: Asked) -> "Valuation | SpreadValuation":
    """Value the option asked for.

    Raises:
        ModelNotApplicable: the model cannot take the prices; `field` names the input.
        InvalidInput: an input breaks a rule.
    """
    price = "spot" if getattr(asked, "spot", None) is not None else "forward"
    with _named_as_asked(price):
        option = _option(asked.put, asked.strike, asked.expiry)
        match asked:
            case Black76Option():
                from quant.options import black76

                return black76.value(option, _futures_market(asked))
            case BachelierOption():
                from quant.options import bachelier

                return bachelier.value(option, _futures_market(asked))
            case SpreadOption():
                return _spread(option, asked)
            case AsianOption():
                from quant.options import average_price

                return average_price.value(
                    option,
                    _market(asked),
                    fixings=asked.fixings,
                    starts_years=asked.averaging_from,
                    past_average=asked.average_so_far,
                )
            case AmericanOption():
                from quant.options import american

                dates = asked.exercise_dates
                return american.value(option, _market(asked), exercise_dates=dates)


def imply_volatility(asked: ImpliedVolatilityAsked) -> float:
    """Return the volatility per year at which an option has its price.

    Raises:
        ModelNotApplicable: the model cannot take the prices.
        InvalidInput: no volatility gives the price.
    """
    from quant.options import american, bachelier, black76

    imply = {
        "black76": black76.implied_volatility,
        "bachelier": bachelier.implied_volatility,
        "american": american.implied_volatility,
    }[asked.model]
    with _named_as_asked("price"):
        option = _option(asked.put, asked.strike, asked.expiry)
        return imply(option, forward=asked.forward, rate=asked.rate, price=asked.price)


def fit_smiles(asked: SmileAsked) -> list[SmileView]:
    """Fit a smile to the quotes of each expiry, check it, and read it at the strikes asked for.

    Raises:
        ModelNotApplicable: a price or a strike of a lognormal smile is not above 0.
        InvalidInput: the quotes of an expiry make no smile; names which.
    """
    return [_smile(asked, number, expiry) for number, expiry in enumerate(asked.expiries)]


def _smile(asked: SmileAsked, number: int, expiry: SmileExpiry) -> SmileView:
    from quant.options.smile import SmileModel, check_butterflies

    where = f"expiries.{number}"
    quotes = sorted(expiry.quotes, key=lambda quote: quote.strike)
    try:
        smile = _fitted(SmileModel(asked.model), asked.rate, expiry, quotes)
        values = _values(smile, np.array(asked.strikes, dtype=np.float64))
        checked = check_butterflies(smile)
    except InvalidInput as error:
        field, reason = str(error.context["field"]), str(error.context["reason"])
        field = f"{where}.{_NAMES.get(field, field)}"
        raise InvalidInput(field=field, reason=reason) from error
    except ModelNotApplicable as error:
        model, reason = str(error.context["model"]), str(error.context["reason"])
        field = f"{where}.{error.context.get('field', 'quotes')}"
        raise ModelNotApplicable(model=model, reason=reason, field=field) from error
    return SmileView(
        expiry=expiry.expiry,
        forward=expiry.forward,
        interpolation=smile.interpolation,
        wings=Wings(left=smile.left_wing, right=smile.right_wing),
        quotes=_values(smile, smile.strikes),
        butterflies=ButterflyView.model_validate(checked, from_attributes=True),
        values=values,
    )


def _fitted(
    model: "SmileModel", rate: float, expiry: SmileExpiry, quotes: list[SmileQuote]
) -> "Smile":
    from quant.options.smile import SmileModel, fit_smile, fit_smile_to_prices

    strikes = np.array([quote.strike for quote in quotes])
    vols = [quote.vol for quote in quotes if quote.vol is not None]
    prices = [quote.price for quote in quotes if quote.price is not None]
    if (len(vols), len(prices)) not in {(len(quotes), 0), (0, len(quotes))}:
        reason = "expected a `vol` in each, or a `price` in each"
        raise InvalidInput(field="quotes", reason=reason)
    if prices:
        return fit_smile_to_prices(
            forward=expiry.forward,
            rate=rate,
            expiry_years=expiry.expiry,
            kinds=[_kind(quote.put) for quote in quotes],
            strikes=strikes,
            prices=np.array(prices),
            model=model,
        )
    if model is SmileModel.LOGNORMAL and max(vols) > _LARGEST_LOG_VOL:
        reason = f"expected at most {_LARGEST_LOG_VOL:g}, was {max(vols):g}"
        raise InvalidInput(field="vol", reason=reason)
    return fit_smile(
        forward=expiry.forward,
        expiry_years=expiry.expiry,
        strikes=strikes,
        volatilities=np.array(vols),
        model=model,
    )


def _values(smile: "Smile", strikes: Reals) -> list[SmileValue]:
    if not strikes.size:
        return []
    return [
        SmileValue(strike=strike, volatility=volatility, is_extrapolated=is_outside)
        for strike, volatility, is_outside in zip(
            strikes.tolist(),
            smile.volatilities_at(strikes).tolist(),
            smile.is_extrapolated(strikes).tolist(),
            strict=True,
        )
    ]


def _spread(option: Option, asked: SpreadOption) -> "SpreadValuation":
    from quant.options.spread import SpreadMarket, SpreadModel, value

    market = SpreadMarket(
        forward1=asked.f1,
        forward2=asked.f2,
        volatility1=asked.vol1,
        volatility2=asked.vol2,
        correlation=asked.rho,
        rate=asked.rate,
    )
    return value(option, market, SpreadModel(asked.model.replace("_", "-")))


def _kind(put: bool) -> OptionKind:
    return OptionKind.PUT if put else OptionKind.CALL


def _option(put: bool, strike: float, expiry: float) -> Option:
    return Option(kind=_kind(put), strike=strike, expiry_years=expiry)


def _futures_market(asked: Black76Option | BachelierOption) -> FuturesMarket:
    return FuturesMarket(price=asked.forward, volatility=asked.vol, rate=asked.rate)


def _market(asked: AsianOption | AmericanOption) -> Market:
    if asked.spot is None:
        return FuturesMarket(price=asked.forward or 0.0, volatility=asked.vol, rate=asked.rate)
    return SpotMarket(
        price=asked.spot,
        volatility=asked.vol,
        rate=asked.rate,
        dividend_yield=asked.dividend_yield or 0.0,
    )


@contextmanager
def _named_as_asked(price: str) -> Iterator[None]:
    """Name what is wrong with an input as the request does."""
    names = _NAMES | {"price": price}
    try:
        yield
    except InvalidInput as error:
        field, reason = str(error.context["field"]), str(error.context["reason"])
        raise InvalidInput(field=names.get(field, field), reason=reason) from error
    except ModelNotApplicable as error:
        model, reason = str(error.context["model"]), str(error.context["reason"])
        given = error.context.get("field")
        named = None if given is None else names.get(given, given)
        raise ModelNotApplicable(model=model, reason=reason, field=named) from error
