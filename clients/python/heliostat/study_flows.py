"""Own what studies are asked: backtests of models."""

from collections.abc import Sequence
from datetime import date
from typing import NotRequired, Required, TypedDict


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
