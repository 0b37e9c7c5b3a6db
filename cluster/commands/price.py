"""Own `heliostat price`: what one option is worth, with its Greeks; needs no running stack."""

from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption
from cluster.commands.pictures import check_picture_file
from cluster.commands.price_options import (
    EitherForward,
    EitherSpot,
    Expiry,
    Forward,
    Plot,
    Put,
    Rate,
    Strike,
    Vol,
    Yield,
    market_of,
    option_of,
)
from cluster.commands.price_picture import Picture, draw
from cluster.commands.price_text import named_as_options, tell
from core.errors import InvalidInput

if TYPE_CHECKING:
    from quant.options.terms import Market, Option, Valuation

price_app = typer.Typer(
    no_args_is_help=True, help="Price one option, with its Greeks. Needs no running stack."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(price_app, name="price")


@price_app.command(
    epilog=teach(
        "heliostat price black76 --forward 19 --strike 19 --vol .28 --rate .10 --expiry .75",
        "heliostat price black76 --forward 72 --strike 70 --vol .35 --rate .04 --expiry .25 "
        "--put --json",
    )
)
def black76(
    forward: Forward,
    strike: Strike,
    vol: Vol,
    rate: Rate,
    expiry: Expiry,
    put: Put = False,
    plot: Plot = None,
    as_json: JsonOption = False,
) -> None:
    """Price a European option on a future by Black's formula (1976).

    Greeks are plain derivatives: vega per 1.00 of volatility (a point is a hundredth), theta per
    year (a day is a 365th), rho at an unchanged futures price.
    """
    check_picture_file(plot)
    from quant.options import black76 as model
    from quant.options.terms import FuturesMarket

    with named_as_options(price="--forward"):
        option = option_of(put, strike, expiry)
        market = FuturesMarket(price=forward, volatility=vol, rate=rate)
        title = _title("Black-76", option)
        tell(title, model.value(option, market), as_json)
        if plot is not None:
            picture = _picture(
                title, option, market, lambda one: model.price(option, replace(market, price=one))
            )
            draw(picture, plot)


@price_app.command(
    epilog=teach(
        "heliostat price bachelier --forward -5 --strike 0 --vol 20 --rate .04 --expiry .1",
        "heliostat price bachelier --forward 2.1 --strike 3 --vol 6.5 --rate .04 --expiry .5 "
        "--put --plot spread.png",
    )
)
def bachelier(
    forward: Annotated[float, typer.Option(help="The futures price or spread, of any sign.")],
    strike: Annotated[float, typer.Option(help="The strike, of any sign.")],
    vol: Annotated[float, typer.Option(help="Volatility a year, in price units: 20 is 20 $/bbl.")],
    rate: Rate,
    expiry: Expiry,
    put: Put = False,
    plot: Plot = None,
    as_json: JsonOption = False,
) -> None:
    """Price a European option by Bachelier's normal model: prices may be 0 or negative.

    Greeks are plain derivatives: vega per 1.00 of volatility in price units, theta per year (a
    day is a 365th), rho at an unchanged futures price.
    """
    check_picture_file(plot)
    from quant.options import bachelier as model
    from quant.options.terms import FuturesMarket

    with named_as_options(price="--forward"):
        option = option_of(put, strike, expiry)
        market = FuturesMarket(price=forward, volatility=vol, rate=rate)
        title = _title("Bachelier", option)
        tell(title, model.value(option, market), as_json)
        if plot is not None:
            picture = _picture(
                title, option, market, lambda one: model.price(option, replace(market, price=one))
            )
            draw(replace(picture, may_be_negative=True), plot)


@price_app.command(
    epilog=teach(
        "heliostat price kirk --f1 28 --f2 20 --strike 7 --vol1 .29 --vol2 .36 --rho .42 "
        "--rate .05 --expiry .25",
        "heliostat price kirk --f1 92 --f2 78 --strike 12 --vol1 .3 --vol2 .32 --rho .9 "
        "--rate .04 --expiry .5 --put --json",
    )
)
def kirk(
    f1: Annotated[float, typer.Option(help="The futures price of the first leg.")],
    f2: Annotated[float, typer.Option(help="The futures price of the second leg.")],
    strike: Annotated[float, typer.Option(help="The strike of F1 - F2.")],
    vol1: Annotated[float, typer.Option(help="Volatility a year of the first leg: .29 is 29 %.")],
    vol2: Annotated[float, typer.Option(help="Volatility a year of the second leg.")],
    rho: Annotated[float, typer.Option(help="Correlation of the two, -1 to 1.")],
    rate: Rate,
    expiry: Expiry,
    put: Put = False,
    plot: Plot = None,
    as_json: JsonOption = False,
) -> None:
    """Price a European option on the spread F1 - F2 of two futures by Kirk (1995).

    It needs F1, F2 and F2 + strike above 0; `heliostat price bachelier` takes any spread. Greeks
    are plain derivatives, by leg; the one called rho is that of the interest rate.
    """
    check_picture_file(plot)
    from quant.options import spread as model
    from quant.options.terms import intrinsic_value

    with named_as_options():
        option = option_of(put, strike, expiry)
        market = model.SpreadMarket(
            forward1=f1, forward2=f2, volatility1=vol1, volatility2=vol2, correlation=rho, rate=rate
        )
        title = _title("Kirk", option, " on F1 - F2")
        tell(title, model.value(option, market), as_json)
        if plot is not None:
            picture = Picture(
                title=title,
                x_label=f"F1, with F2 at {f2:g}",
                now=f1,
                strike=f2 + strike,
                deviation=vol1 * sqrt(expiry),
                price_at=lambda one: model.price(option, replace(market, forward1=one)),
                payoff_at=lambda one: intrinsic_value(option.kind, one - f2, strike),
            )
            draw(picture, plot)


@price_app.command(
    epilog=teach(
        "heliostat price asian --forward 72 --strike 70 --vol .35 --rate .04 --expiry .25 "
        "--fixings 21 --averaging-from .17",
        "heliostat price asian --spot 6.80 --strike 6.90 --vol .14 --rate .07 --yield .09 "
        "--expiry .5",
        "heliostat price asian --forward 72 --strike 70 --vol .35 --rate .04 --expiry .04 "
        "--fixings 21 --averaging-from -.04 --average-so-far 71.3 --json",
    )
)
def asian(
    strike: Strike,
    vol: Vol,
    rate: Rate,
    expiry: Expiry,
    forward: EitherForward = None,
    spot: EitherSpot = None,
    dividend_yield: Yield = None,
    fixings: Annotated[
        int | None,
        typer.Option(help="Fixings in all, evenly spaced, the last at expiry; else continuous."),
    ] = None,
    averaging_from: Annotated[
        float, typer.Option(help="Years from now when averaging begins; below 0 it has begun.")
    ] = 0.0,
    average_so_far: Annotated[
        float | None, typer.Option(help="The average of what is past, if averaging has begun.")
    ] = None,
    put: Put = False,
    plot: Plot = None,
    as_json: JsonOption = False,
) -> None:
    """Price an option on an arithmetic average price: Turnbull-Wakeman, or Levy if continuous.

    Greeks are plain derivatives: vega per 1.00 of volatility (a point is a hundredth), theta per
    year (a day is a 365th).
    """
    check_picture_file(plot)
    from quant.options import average_price as model
    from quant.options.terms import intrinsic_value

    with named_as_options():
        option = option_of(put, strike, expiry)
        market = market_of(forward, spot, dividend_yield, vol, rate)
        if fixings is None:
            if averaging_from > 0.0:
                raise InvalidInput(field="--fixings", reason="is needed if averaging begins later")
            elapsed = -averaging_from
            past_part = elapsed / (elapsed + expiry)
            name = "Levy"

            def value_in(one: "Market") -> "Valuation":
                return model.levy(option, one, elapsed_years=elapsed, past_average=average_so_far)

        else:
            fixed = model.evenly_spaced(
                fixings,
                starts_years=averaging_from,
                ends_years=expiry,
                past_average=average_so_far,
            )
            past_part = fixed.past / fixings
            name = "Turnbull-Wakeman"

            def value_in(one: "Market") -> "Valuation":
                return model.turnbull_wakeman(option, one, fixed)

        title = _title(name, option, " on an average")
        tell(title, value_in(market), as_json)
        if plot is not None:
            known = past_part * (average_so_far or 0.0)
            picture = replace(
                _picture(
                    title, option, market, lambda one: value_in(replace(market, price=one)).price
                ),
                strike=(strike - known) / (1.0 - past_part),
                payoff_at=lambda one: intrinsic_value(
                    option.kind, known + (1.0 - past_part) * one, strike
                ),
                payoff_label="payoff if the price stays there",
            )
            draw(picture, plot)


@price_app.command(
    epilog=teach(
        "heliostat price american --forward 20 --strike 20 --vol .25 --rate .09 --expiry .3333",
        "heliostat price american --spot 36 --strike 40 --vol .2 --rate .06 --expiry 1 --put "
        "--exercise-dates 50 --json",
    )
)
def american(
    strike: Strike,
    vol: Vol,
    rate: Rate,
    expiry: Expiry,
    forward: EitherForward = None,
    spot: EitherSpot = None,
    dividend_yield: Yield = None,
    exercise_dates: Annotated[
        int | None,
        typer.Option(
            help="Exercise on so many dates, evenly spaced, the last at expiry; else any."
        ),
    ] = None,
    put: Put = False,
    plot: Plot = None,
    as_json: JsonOption = False,
) -> None:
    """Price an option that may be exercised early, on a future or a spot price.

    Greeks are plain derivatives: vega per 1.00 of volatility (a point is a hundredth), theta per
    year (a day is a 365th).
    """
    check_picture_file(plot)
    from quant.options import american as model

    with named_as_options():
        option = option_of(put, strike, expiry)
        market = market_of(forward, spot, dividend_yield, vol, rate)
        title = _title("American", option)
        tell(title, model.value(option, market, exercise_dates=exercise_dates), as_json)
        if plot is not None:
            picture = _picture(
                title,
                option,
                market,
                lambda one: model.price(
                    option, replace(market, price=one), exercise_dates=exercise_dates
                ),
            )
            draw(picture, plot)


def _title(model: str, option: "Option", underlying: str = "") -> str:
    years = f"{option.expiry_years:g} years"
    return f"{model} {option.kind}{underlying}, strike {option.strike:g}, {years}"


def _picture(
    title: str, option: "Option", market: "Market", price_at: Callable[[float], float]
) -> Picture:
    from quant.options.terms import intrinsic_value

    return Picture(
        title=title,
        x_label="price of the underlying",
        now=market.price,
        strike=option.strike,
        deviation=market.volatility * sqrt(option.expiry_years),
        price_at=price_at,
        payoff_at=lambda one: intrinsic_value(option.kind, one, option.strike),
    )
