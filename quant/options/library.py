"""Own what every model takes from QuantLib: payoffs, and processes over exactly one year.

QuantLib measures time between dates in whole days, from a process-wide evaluation date. Neither
suits a time to expiry given in years, nor two callers with different days. Both are avoided: every
option runs from `REFERENCE` to `EXPIRY`, one year by the day count used, and what happens per year
is given as what happens in all (total variance σ²T, total rate rT), which is all that prices
depend on. Curves carry `REFERENCE` themselves, so ql.Settings is neither set nor, apart from the
question whether an option has expired, read: `REFERENCE` lies far ahead of any evaluation date.
"""

from math import isfinite

import QuantLib as ql

from core.errors import ModelNotApplicable
from quant.options.terms import OptionKind

REFERENCE = ql.Date(1, 1, 2150)
EXPIRY = REFERENCE + 365
DAY_COUNT = ql.Actual365Fixed()


def vanilla_payoff(kind: OptionKind, strike: float) -> ql.PlainVanillaPayoff:
    """Return the payoff max(±(price − strike), 0)."""
    return ql.PlainVanillaPayoff(_KINDS[kind], strike)


def black_calculator(
    kind: OptionKind, strike: float, forward: float, deviation: float, discount: float
) -> ql.BlackCalculator:
    """Return Black's formula of a forward with σ√T `deviation`, and its Greeks."""
    return ql.BlackCalculator(vanilla_payoff(kind, strike), forward, deviation, discount)


def black_value(
    kind: OptionKind, strike: float, forward: float, deviation: float, discount: float
) -> float:
    """Return Black's price of a forward with σ√T `deviation`, as that of a call always.

    A put is the call on the strike struck at the forward. QuantLib 1.44 takes N(d) − 1 for −N(−d),
    so that a put eight deviations out of the money would be a rounding, of either sign.
    """
    if kind is OptionKind.PUT:
        strike, forward = forward, strike
    value: float = black_calculator(OptionKind.CALL, strike, forward, deviation, discount).value()
    return value


def mirrored_bachelier(
    kind: OptionKind, strike: float, forward: float, deviation: float, discount: float
) -> ql.BachelierCalculator:
    """Return Bachelier's formula with σ√T `deviation` in price units, as that of a call always.

    A put is the call on −forward with strike −strike, of the same value, gamma and vega and the
    opposite delta. QuantLib 1.44 takes a put for a call where N(d) rounds to 1, so that one nine
    deviations out of the money would be worth its distance to the strike.
    """
    payoff = vanilla_payoff(OptionKind.CALL, kind.sign * strike)
    return ql.BachelierCalculator(payoff, kind.sign * forward, deviation, discount)


def process(
    price: ql.SimpleQuote,
    deviation: ql.SimpleQuote,
    *,
    log_growth: float,
    log_discount: float,
    end: ql.Date = EXPIRY,
) -> ql.GeneralizedBlackScholesProcess:
    """Return a lognormal process from `REFERENCE` to `end`, whatever time these stand for.

    `log_growth` is ln(forward/price) and `log_discount` −ln(discount factor) at the end;
    `deviation` is σ√T per √year between the two dates, so σ√T where they are a year apart.
    """
    years = span_years(end)
    return ql.GeneralizedBlackScholesProcess(
        ql.QuoteHandle(price),
        _flat_curve((log_discount - log_growth) / years),
        _flat_curve(log_discount / years),
        ql.BlackVolTermStructureHandle(
            ql.BlackConstantVol(REFERENCE, ql.NullCalendar(), ql.QuoteHandle(deviation), DAY_COUNT)
        ),
    )


def span_years(end: ql.Date) -> float:
    """Return the years from `REFERENCE` to `end` as the curves count them."""
    years: float = DAY_COUNT.yearFraction(REFERENCE, end)
    return years


def npv(model: str, instrument: ql.Instrument) -> float:
    """Return the value of an instrument whose engine is set.

    Raises:
        ModelNotApplicable: the engine refuses, with its own reason, or finds no finite value.
    """
    try:
        value: float = instrument.NPV()
    except RuntimeError as error:
        raise ModelNotApplicable(model=model, reason=f"QuantLib refuses: {error}") from error
    if not isfinite(value):
        reason = f"the inputs are too extreme for floating point: QuantLib finds {value}"
        raise ModelNotApplicable(model=model, reason=reason)
    return value


def _flat_curve(rate: float) -> ql.YieldTermStructureHandle:
    return ql.YieldTermStructureHandle(ql.FlatForward(REFERENCE, rate, DAY_COUNT))


_KINDS = {OptionKind.CALL: ql.Option.Call, OptionKind.PUT: ql.Option.Put}
