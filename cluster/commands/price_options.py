"""Own the options that the commands of `heliostat price` share, and what they make."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import InvalidInput

if TYPE_CHECKING:
    from quant.options.terms import Market, Option

Forward = Annotated[float, typer.Option(help="The futures price.")]
EitherForward = Annotated[
    float | None, typer.Option(help="The price, if it is that of a future: it has no drift.")
]
EitherSpot = Annotated[
    float | None, typer.Option(help="The price, if it is a spot price: it drifts by rate - yield.")
]
Yield = Annotated[
    float | None, typer.Option("--yield", help="With --spot: dividend or convenience yield a year.")
]
Strike = Annotated[float, typer.Option(help="The strike.")]
Vol = Annotated[float, typer.Option(help="Volatility a year: .28 is 28 %.")]
Rate = Annotated[float, typer.Option(help="Interest a year, continuous: .05 is 5 %.")]
Expiry = Annotated[float, typer.Option(help="Years to expiry, used exactly as given.")]
Put = Annotated[bool, typer.Option("--put", help="Price a put; a call unless told.")]
Plot = Annotated[
    Path | None,
    typer.Option("--plot", metavar="FILE.png|.svg", help="Draw price and payoff into this file."),
]


def option_of(put: bool, strike: float, expiry: float) -> "Option":
    """Return the option asked for.

    Raises:
        InvalidInput: its strike is not finite or its expiry not above 0.
    """
    from quant.options.terms import Option, OptionKind

    kind = OptionKind.PUT if put else OptionKind.CALL
    return Option(kind=kind, strike=strike, expiry_years=expiry)


def market_of(
    forward: float | None,
    spot: float | None,
    dividend_yield: float | None,
    vol: float,
    rate: float,
) -> "Market":
    """Return the market of the one price given, a future's or a spot price.

    Raises:
        InvalidInput: neither or both are given, a yield with a future, or a number is bad.
    """
    from quant.options.terms import FuturesMarket, SpotMarket

    if forward is not None and spot is None:
        if dividend_yield is not None:
            raise InvalidInput(field="--yield", reason="goes with --spot: a future has no drift")
        return FuturesMarket(price=forward, volatility=vol, rate=rate)
    if spot is not None and forward is None:
        return SpotMarket(
            price=spot, volatility=vol, rate=rate, dividend_yield=dividend_yield or 0.0
        )
    raise InvalidInput(field="--forward", reason="give the price as --forward or as --spot")
