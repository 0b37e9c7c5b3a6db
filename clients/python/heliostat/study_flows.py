"""Own what studies are asked: backtests of models, and simulations of a book's risk."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NotRequired, Required, TypedDict

from heliostat.book_flows import GivenPosition
from heliostat.risk_flows import OfBook
from heliostat.run_flows import specification_of


class BacktestOptions(TypedDict, total=False):
    """Name what a backtest is asked; what is left out, the API decides.

    Each of `models` forecasts each day from `first` to `as_of` from the days before it, together or
    in periods of `period_months`; those with a window learn from each of `windows`, in days.
    `levels` are of quantiles, `confidences` of value at risk.
    """

    products: Required[Sequence[str]]
    positions: NotRequired[Sequence[int] | None]
    models: NotRequired[Sequence[str] | None]
    windows: NotRequired[Sequence[int] | None]
    horizons: NotRequired[Sequence[int] | None]
    first: NotRequired[date | str | None]
    as_of: NotRequired[date | str | None]
    period_months: NotRequired[int | None]
    levels: NotRequired[Sequence[float] | None]
    confidences: NotRequired[Sequence[float] | None]
    source: NotRequired[str | None]
    seed: NotRequired[int | None]


def simulation_of(
    of: OfBook, add: Sequence[GivenPosition], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the specification of a simulation of a stored book by its name, or of positions."""
    given = {"book": of} if isinstance(of, str) else {"positions": list(of)}
    return specification_of({**given, **({"add": list(add)} if add else {})}, options)
