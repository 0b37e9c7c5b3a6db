"""Own the pictures of risk: profits with both measures, stresses, causes of profit, backtests."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cluster.commands.pictures import draw_line, picture
from core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from heliostat import BookRisk, ExplainedBook, RiskBacktest, StressedBook

_LOSS, _GAIN, _NEUTRAL = "#d62728", "#2ca02c", "#1f77b4"
_CAUSES = ("delta", "gamma", "vega", "theta", "deals", "unexplained")


def draw_profits(found: "BookRisk", path: "Path") -> None:
    """Draw how often scenarios make which profit, both measures of the highest level marked.

    Raises:
        InvalidInput: nothing was simulated, or matplotlib is not installed.
    """
    if found.distribution is None:
        reason = "the parametric method draws no scenarios; use another --method"
        raise InvalidInput(field="--plot", reason=reason)
    edges, level = found.distribution.edges, found.levels[-1]
    widths = [high - low for low, high in pairwise(edges)]
    days = "a day" if found.horizon_days == 1 else f"{found.horizon_days} days"
    words = {
        "title": f"Profit over {days}, {found.scenarios:,} scenarios ({found.method})",
        "x_label": "dollars",
        "y_label": "scenarios",
    }
    with picture(path, **words) as axes:
        counts = found.distribution.counts
        axes.bar(edges[:-1], counts, width=widths, align="edge", color=_NEUTRAL, alpha=0.6)
        for name, measure, style in (
            ("value at risk", level.value_at_risk, "--"),
            ("expected shortfall", level.expected_shortfall, "-"),
        ):
            label = f"{name} {level.level:.4g}: {measure.estimate:z,.0f}"
            axes.axvline(-measure.estimate, color=_LOSS, linestyle=style, label=label)
        _in_thousands(axes.xaxis)


def draw_stresses(found: "StressedBook", path: "Path") -> None:
    """Draw what the book gains in each scenario.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    names = [outcome.name for outcome in found.outcomes]
    profits = [outcome.profit for outcome in found.outcomes]
    title = f"Profit in stresses, settlements of {found.market.as_of}"
    with picture(path, title=title, x_label="dollars", y_label="") as axes:
        axes.barh(names, profits, color=_signs(profits))
        axes.axvline(0.0, color="black", linewidth=0.8)
        axes.invert_yaxis()
        _in_thousands(axes.xaxis)


def draw_causes(found: "ExplainedBook", path: "Path") -> None:
    """Draw the profit as a waterfall: cause upon cause, then the total.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    parts = [float(getattr(found.total, cause)) for cause in _CAUSES]
    starts = [sum(parts[:number]) for number in range(len(parts))]
    title = f"Profit from {found.since} to {found.until}"
    with picture(path, title=title, x_label="", y_label="dollars") as axes:
        axes.bar(_CAUSES, parts, bottom=starts, color=_signs(parts))
        axes.bar(["total"], [found.total.total], color=_NEUTRAL)
        axes.axhline(0.0, color="black", linewidth=0.8)
        _in_thousands(axes.yaxis)


def draw_backtest(found: "RiskBacktest", path: "Path") -> None:
    """Draw each day's profit over what was forecast for it, exceptions marked.

    Raises:
        InvalidInput: matplotlib is not installed.
    """
    dates = [day.date for day in found.days]
    lost = [day for day in found.days if day.is_exception]
    words = {
        "title": f"{found.exceptions} exceptions in {found.observations} days, "
        f"{found.expected_exceptions:.1f} expected ({found.method}, {found.level:.4g})",
        "x_label": "",
        "y_label": "dollars",
    }
    with picture(path, **words) as axes:
        profits = [day.profit for day in found.days]
        axes.bar(dates, profits, color=_NEUTRAL, alpha=0.6, label="profit")
        draw_line(axes, dates, [-day.value_at_risk for day in found.days], "value at risk", "k--")
        draw_line(
            axes, dates, [-day.expected_shortfall for day in found.days], "expected shortfall", "k:"
        )
        if lost:
            places = [day.date for day in lost]
            axes.plot(places, [day.profit for day in lost], "o", color=_LOSS, label="exception")
        _in_thousands(axes.yaxis)


def _signs(amounts: "Sequence[float]") -> list[str]:
    return [_GAIN if amount >= 0 else _LOSS for amount in amounts]


def _in_thousands(axis: Any) -> None:
    from matplotlib.ticker import StrMethodFormatter

    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
