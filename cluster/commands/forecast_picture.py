"""Own the pictures of models: fans of forecasts, and volatility over the time to expiry."""

from typing import TYPE_CHECKING

from cluster.commands.pictures import draw_band, draw_line, picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

    from heliostat import ContractForecast, Forecast, HorizonForecast, Volatility

_BANDS = (
    (0.01, 0.99, "98 %", "#deebf7"),
    (0.05, 0.95, "90 %", "#9ecae1"),
    (0.25, 0.75, "50 %", "#6baed6"),
)
_HEADROOM = 1.15


def draw_fan(
    found: "Forecast",
    shown: "Sequence[tuple[ContractForecast, HorizonForecast]]",
    path: "Path",
) -> None:
    """Draw medians and bands: over contracts for one horizon, over horizons for one contract.

    What is said of days after a contract's end is left out.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    live = [(one, ahead) for one, ahead in shown if not ahead.is_after_expiry]
    horizons = sorted({ahead.horizon for _, ahead in live})
    if len(found.contracts) == 1:
        only = found.contracts[0]
        # Today the distribution is one price.
        places: list[object] = [0, *horizons]
        start: list[Decimal] = [only.settlement]
        settled = [only.settlement] * len(places)
        x_label, title = "business days ahead", f"{only.symbol} as of {found.as_of}"
    else:
        places, start = [one.symbol for one, _ in live], []
        settled = [one.settlement for one, _ in live]
        days = horizons[0] if horizons else 0
        x_label = "contract"
        title = f"{found.product} {days} business days after {found.as_of}"

    def prices(level: float) -> "list[Decimal]":
        column = found.levels.index(level)
        return [*start, *(ahead.quantiles[column] for _, ahead in live)]

    title = f"{title}, source {found.source}"
    with picture(path, title=title, x_label=x_label, y_label=found.unit) as axes:
        for low, high, label, color in _BANDS:
            draw_band(axes, places, prices(low), prices(high), label, color)
        draw_line(axes, places, prices(0.5), "median", style="b-")
        draw_line(axes, places, settled, "settled", style="k--")
        axes.tick_params(axis="x", rotation=45 if x_label == "contract" else 0)


def draw_term_structure(found: "Volatility", path: "Path") -> None:
    """Draw annual volatilities over the time to expiry, and the term structure through them.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    title = f"{found.product} volatility as of {found.as_of}, source {found.source}"
    y_label = "annual volatility, part of the price"
    drawn = [
        ("forecast", "o", [(one.years_to_expiry, one.annual) for one in found.contracts]),
        ("Samuelson", "--", [(one.years_to_expiry, one.samuelson) for one in found.contracts]),
    ]
    highest = max((part for _, _, rows in drawn for _, part in rows if part), default=1.0)
    with picture(path, title=title, x_label="years to expiry", y_label=y_label) as axes:
        for label, style, rows in drawn:
            known = [(years, part) for years, part in rows if part is not None]
            draw_line(axes, [years for years, _ in known], [p for _, p in known], label, style)
        axes.set_ylim(0.0, _HEADROOM * highest)
