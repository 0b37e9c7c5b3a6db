"""Own the market that a book is valued in: prices, volatilities and rates of one day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import isfinite

from core.books import OptionPosition
from core.errors import InvalidInput, UnknownInstrument
from core.market import Instrument
from core.products import PRODUCTS, product
from quant.calendars import last_trade_date
from quant.contract_sizes import contract_size

DAYS_PER_YEAR = 365.0

_LARGEST_VOLATILITY = 1e6


class OptionModel(StrEnum):
    """Name the distribution of a future at expiry: lognormal, or normal."""

    BLACK76 = "black76"
    BACHELIER = "bachelier"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionQuote:
    """Hold a volatility per year: a fraction of the price under Black-76, else price units.

    Raises:
        InvalidInput: it is not above 0 and at most 1e6.
    """

    volatility: float
    model: OptionModel = OptionModel.BLACK76

    def __post_init__(self) -> None:
        if not 0.0 < self.volatility <= _LARGEST_VOLATILITY:
            reason = f"expected above 0, at most {_LARGEST_VOLATILITY:g}, was {self.volatility}"
            raise InvalidInput(field="volatility", reason=reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionKey:
    """Name a point of the volatility surface; calls and puts share it."""

    underlying: Instrument
    expiry: date
    strike: float


def key_of(option: OptionPosition) -> OptionKey:
    """Return the point of the surface that an option is valued at."""
    (underlying,) = option.instruments
    return OptionKey(underlying=underlying, expiry=option.expires, strike=float(option.strike))


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Hold what values a book at the end of a day.

    `prices` are as quoted (pence for NBP), `rate` is continuous per year, `dollars` maps a currency
    to what one of it is worth. `volatilities` come before the one an option itself carries.

    Raises:
        InvalidInput: a number is not finite, or an exchange rate is not above 0.
    """

    as_of: date
    prices: Mapping[Instrument, float]
    volatilities: Mapping[OptionKey, OptionQuote] = field(default_factory=dict)
    rate: float = 0.0
    dollars: Mapping[str, float] = field(default_factory=lambda: {"USD": 1.0})

    def __post_init__(self) -> None:
        for instrument, price in self.prices.items():
            if not isfinite(price):
                raise InvalidInput(field="prices", reason=f"{instrument} was {price}")
        if not isfinite(self.rate):
            raise InvalidInput(field="rate", reason=f"expected a finite number, was {self.rate}")
        for currency, worth in self.dollars.items():
            if not (isfinite(worth) and worth > 0.0):
                raise InvalidInput(field="dollars", reason=f"{currency} was {worth}")

    def price(self, instrument: Instrument) -> float:
        """Return the price of a contract.

        Raises:
            UnknownInstrument: its product is unknown, it has ceased to trade, or has no price.
        """
        if instrument.product not in PRODUCTS:
            reason = f"product {instrument.product} is unknown; known are {', '.join(PRODUCTS)}"
            raise UnknownInstrument(instrument=str(instrument), reason=reason)
        last = last_trade_date(instrument)
        if last < self.as_of:
            reason = f"it last traded on {last}, before {self.as_of}"
            raise UnknownInstrument(instrument=str(instrument), reason=reason)
        if instrument not in self.prices:
            reason = f"there is no price of it on {self.as_of}"
            raise UnknownInstrument(instrument=str(instrument), reason=reason)
        return self.prices[instrument]

    def dollars_per_point(self, instrument: Instrument) -> float:
        """Return what one contract gains in dollars when its price as quoted rises by 1.00.

        Raises:
            UnknownProduct: the product is not in the registry.
            InvalidInput: its currency has no exchange rate.
        """
        row = product(instrument.product)
        if row.currency not in self.dollars:
            reason = f"{instrument} is in {row.currency}, whose worth in dollars is not given"
            raise InvalidInput(field="dollars", reason=reason)
        size = float(contract_size(instrument)) / row.minor_per_major
        return size * self.dollars[row.currency]

    def quote(self, option: OptionPosition) -> OptionQuote:
        """Return the volatility of an option: the market's, else that which the option carries.

        Raises:
            InvalidInput: there is neither.
        """
        key = key_of(option)
        if key in self.volatilities:
            return self.volatilities[key]
        if option.volatility is None:
            reason = f"none of {key.underlying} {key.expiry} {key.strike:g} is known"
            raise InvalidInput(field="volatilities", reason=reason)
        return OptionQuote(volatility=option.volatility)
