"""Own how `heliostat price` is told: units of Greeks, and options in the words of the caller."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from cluster.commands.output import show, show_json
from core.errors import InvalidInput

if TYPE_CHECKING:
    from rich.table import Table

    from quant.options.spread import SpreadValuation
    from quant.options.terms import Valuation

_UNITS = {
    "delta": "per 1.00 of the price",
    "gamma": "of delta, per 1.00 of the price",
    "vega": "per 1.00 of volatility",
    "theta": "per year that passes",
    "rho": "per 1.00 of the interest rate",
    "delta1": "per 1.00 of F1",
    "delta2": "per 1.00 of F2",
    "gamma1": "of delta1, per 1.00 of F1",
    "gamma2": "of delta2, per 1.00 of F2",
    "cross_gamma": "of delta1, per 1.00 of F2",
    "vega1": "per 1.00 of the volatility of F1",
    "vega2": "per 1.00 of the volatility of F2",
    "correlation_sensitivity": "per 1.00 of correlation",
}
_OPTIONS = {
    "expiry_years": "--expiry",
    "volatility": "--vol",
    "dividend_yield": "--yield",
    "carry": "--rate and --yield",
    "forward1": "--f1",
    "forward2": "--f2",
    "volatility1": "--vol1",
    "volatility2": "--vol2",
    "correlation": "--rho",
    "starts_years": "--averaging-from",
    "elapsed_years": "--averaging-from",
    "past_average": "--average-so-far",
}


@contextmanager
def named_as_options(price: str = "--forward or --spot") -> Iterator[None]:
    """Name what is wrong with an input by the option of the command line that gave it."""
    try:
        yield
    except InvalidInput as error:
        field = str(error.context["field"])
        if field.startswith("--"):
            raise
        options = _OPTIONS | {"price": price}
        option = options.get(field, f"--{field.replace('_', '-')}")
        raise InvalidInput(field=option, reason=str(error.context["reason"])) from error


def tell(title: str, answer: "Valuation | SpreadValuation", as_json: bool) -> None:
    """Print a valuation: one JSON object, or a table for people."""
    if as_json:
        show_json(asdict(answer))
    else:
        show(title, valuation_table(answer))


def valuation_table(answer: "Valuation | SpreadValuation") -> "Table":
    """Return the price and the Greeks with their units, one row each."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column()
    for name, number in asdict(answer).items():
        table.add_row(name.replace("_", " "), f"{number:z.6f}", _UNITS.get(name, ""))
    return table
