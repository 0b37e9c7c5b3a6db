"""Own the typed answers about options: prices, smiles, and the Greeks of books."""

from datetime import date, datetime
from typing import TypeAlias

from heliostat.models import Model


class OptionValue(Model):
    """Hold what an option is worth, and its Greeks: plain derivatives of the price.

    `vega` is per 1.00 of volatility, `theta` per year that passes, `rho` per 1.00 of the rate.
    """

    model: str
    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float


class SpreadOptionValue(Model):
    """Hold what an option on F1 − F2 is worth, and its Greeks by leg."""

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


AnyOptionValue: TypeAlias = SpreadOptionValue | OptionValue


class ImpliedVolatility(Model):
    """Hold a volatility per year: of returns, or under bachelier in price units."""

    model: str
    volatility: float


class SmilePoint(Model):
    """Hold the volatility of a strike; beyond the quotes it is extrapolated."""

    strike: float
    volatility: float
    is_extrapolated: bool


class SmileWings(Model):
    """Name what goes on beyond the quotes: linear, flat or capped."""

    left: str
    right: str


class ButterflyCheck(Model):
    """Say whether butterflies cost at least 0 from `lowest_strike` to `highest_strike`."""

    is_free: bool
    least_probability: float
    at_strike: float
    lowest_strike: float
    highest_strike: float


class Smile(Model):
    """Hold the smile of one expiry, in years: its quotes, its check, values at asked strikes."""

    expiry: float
    forward: float
    interpolation: str
    wings: SmileWings
    quotes: tuple[SmilePoint, ...]
    butterflies: ButterflyCheck
    values: tuple[SmilePoint, ...] = ()


class Smiles(Model):
    """Hold a smile for each expiry, in the order asked."""

    model: str
    smiles: tuple[Smile, ...]


class ContractGreeks(Model):
    """Hold the Greeks of one contract in dollars; its price is in `unit`.

    `delta` per 1.00 of the price, `gamma` per its square, `vega` per 1.00 of a volatility of
    returns, `normal_vega` of one in points of the price, `theta` per year, `rho` per 1.00 of the
    rate. `option_value` is what options on it are worth.
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


class GreekTotals(Model):
    """Hold what adds up over contracts, in dollars."""

    vega: float
    normal_vega: float
    theta: float
    rho: float
    option_value: float


class Approximation(Model):
    """Tell of a position, counted from 1, that is valued as something simpler."""

    position: int
    label: str
    reason: str


class GreeksMarket(Model):
    """Hold where the prices are from; `expired`, `stale` and `volatilities` tell what is doubtful.

    Each of these is a mapping of the fields that the API document names.
    """

    book: str | None = None
    version: int | None = None
    as_of: date
    sources: dict[str, str]
    recorded_until: datetime
    expired: tuple[dict[str, object], ...] = ()
    stale: tuple[dict[str, object], ...] = ()
    volatilities: tuple[dict[str, object], ...] = ()


class BookGreeks(Model):
    """Hold the Greeks of a book by contract, in order of product and month."""

    market: GreeksMarket
    contracts: tuple[ContractGreeks, ...]
    total: GreekTotals
    approximations: tuple[Approximation, ...] = ()
