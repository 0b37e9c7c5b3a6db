"""Own how risk is told on a terminal: tables in dollars, and remarks on what is doubtful."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from heliostat import (
        BookRisk,
        ExplainedBook,
        ExplainedDeal,
        ExplainedPosition,
        LikelihoodRatio,
        RiskBacktest,
        RiskEstimate,
        RiskMarket,
        StressedBook,
    )

_NAMED = 5
_CAUSES = ("delta", "gamma", "vega", "theta", "deals", "unexplained", "total")


def dollars(amount: float) -> str:
    """Return whole dollars, cents where there are less than a hundred, never -0.00."""
    return f"{amount:z,.0f}" if abs(amount) >= 100 else f"{amount:z,.2f}"


def title_of(market: "RiskMarket", words: str) -> str:
    """Return the line that an answer begins with: of which book, when, and from where."""
    book = "" if market.book is None else f"{market.book}, version {market.version}: "
    sources = ", ".join(sorted(set(market.sources.values())))
    return f"{book}{words}, settlements of {market.as_of} from {sources}"


def measures_table(found: "BookRisk") -> "Table":
    """Return both measures at each level, with their intervals."""
    from rich.table import Table

    table = Table("level", box=None, pad_edge=False)
    for name in ("value at risk", "95 % interval", "expected shortfall", "95 % interval"):
        table.add_column(name, justify="right")
    for level in found.levels:
        both = (level.value_at_risk, level.expected_shortfall)
        cells = [cell for one in both for cell in (dollars(one.estimate), _interval(one))]
        table.add_row(f"{level.level:.4g}", *cells)
    return table


def parts_table(found: "BookRisk", by: str, top: int) -> "Table":
    """Return the largest parts of the highest level."""
    from rich.table import Table

    level = found.levels[-1]
    rows = [
        (_part_name(part), part.value_at_risk, part.expected_shortfall)
        for part in getattr(level, by)
    ]
    rows.sort(key=lambda row: -abs(row[2]))
    table = Table(f"{by} at {level.level:.4g}", box=None, pad_edge=False)
    for name in ("value at risk", "expected shortfall", "share"):
        table.add_column(name, justify="right")
    total = level.expected_shortfall.estimate
    for name, var, shortfall in rows[:top]:
        share = f"{shortfall / total:z.1%}" if total else ""
        table.add_row(name, dollars(var), dollars(shortfall), share)
    return table


def added_line(found: "BookRisk") -> list[str]:
    """Return what additions would do to the risk, if any were asked about."""
    return [
        f"with the additions, value at risk {level.level:.4g} "
        f"{_signed(level.added.value_at_risk)}, expected shortfall "
        f"{_signed(level.added.expected_shortfall)}"
        for level in found.levels
        if level.added is not None
    ]


def window_line(found: "BookRisk") -> str:
    """Return from which days the risk was learnt, and what was missing."""
    window = found.window
    text = f"{window.days:,} days, {window.first} to {window.last}"
    if found.scenarios and found.scenarios != window.days:
        text += f"; {found.scenarios:,} paths, seed {found.seed}"
    if window.left_out:
        worst = max(window.missing, key=lambda name: window.missing[name])
        text += f"; {window.left_out} days lack a price, most often of {worst}"
    if window.uncommon_days:
        text += f"; {window.uncommon_days} days not common to all products"
    if found.floored_scenarios:
        text += f"; {found.floored_scenarios} scenarios reach 0 under Black-76"
    return text


def stress_table(found: "StressedBook") -> "Table":
    """Return what the book gains in each scenario, and what makes most of it."""
    from rich.table import Table

    table = Table("scenario", "of", box=None, pad_edge=False)
    table.add_column("profit", justify="right")
    table.add_column("most of it from")
    table.add_column("not moved")
    for outcome in found.outcomes:
        most = max(outcome.positions, key=lambda part: abs(part.profit))
        from_most = f"{most.label}: {dollars(most.profit)}" if most.profit else ""
        table.add_row(
            outcome.name,
            outcome.title,
            dollars(outcome.profit),
            from_most,
            some_of(outcome.untouched),
        )
    return table


def explain_table(found: "ExplainedBook") -> "Table":
    """Return the profit of each position and deal by cause, and the total."""
    from rich.table import Table

    table = Table("position", box=None, pad_edge=False)
    for cause in _CAUSES:
        table.add_column(cause, justify="right")
    rows: tuple[ExplainedPosition | ExplainedDeal, ...] = (*found.positions, *found.deals)
    for row in rows:
        table.add_row(row.label, *(dollars(getattr(row, cause)) for cause in _CAUSES))
    table.add_row("total", *(dollars(getattr(found.total, cause)) for cause in _CAUSES))
    return table


def backtest_table(found: "RiskBacktest") -> "Table":
    """Return the tests, each with its statistic, limit and verdict."""
    from rich.table import Table

    table = Table("test", box=None, pad_edge=False)
    for name in ("statistic", "limit", "p-value"):
        table.add_column(name, justify="right")
    table.add_column("")
    for name, ratio in (
        ("Kupiec, number", found.kupiec),
        ("Christoffersen, independence", found.independence),
        ("Christoffersen, both", found.christoffersen),
    ):
        table.add_row(name, *_ratio_cells(ratio))
    shortfall = found.acerbi_szekely
    for name, statistic, p_value in (
        ("Acerbi-Székely Z1", shortfall.conditional, shortfall.conditional_p_value),
        ("Acerbi-Székely Z2", shortfall.unconditional, shortfall.unconditional_p_value),
    ):
        verdict = "rejected" if p_value < 0.05 else "passes"
        table.add_row(name, f"{statistic:z.3f}", "", f"{p_value:.3f}", verdict)
    light = found.traffic_light
    factor = "" if light.factor is None else f", factor {light.factor:.2f}"
    table.add_row("traffic light", "", "", "", f"{light.zone}{factor}")
    return table


def doubts(market: "RiskMarket") -> list[str]:
    """Return the lines that say what was left out, filled in or assumed."""
    lines = []
    if market.expired:
        names = some_of([f"{one.contract} ({one.last_traded})" for one in market.expired])
        lines.append(f"valued as nothing, because expired: {names}")
    if market.stale:
        names = some_of([f"{one.contract} ({one.settled_on})" for one in market.stale])
        lines.append(f"stale prices: {names}")
    if market.volatilities:
        names = some_of(
            [f"{one.contract} {one.volatility:.4g} a year" for one in market.volatilities]
        )
        lines.append(f"volatilities of past changes, in points under the normal model: {names}")
    for product, days in market.absent.items():
        lines.append(f"{product} did not settle on {some_of([str(day) for day in days])}")
    lines += [f"not used: {rows} rows of {code}" for code, rows in market.ignored_rows.items()]
    return [*lines, *(f"{note.code}: {note.detail}" for note in market.notes)]


def some_of(names: Sequence[str]) -> str:
    """Return the first few of many names."""
    named = ", ".join(names[:_NAMED])
    return f"{named} and {len(names) - _NAMED} more" if len(names) > _NAMED else named


def _part_name(part: object) -> str:
    for field in ("label", "contract", "product"):
        name = getattr(part, field, None)
        if name is not None:
            return str(name)
    return ""


def _interval(one: "RiskEstimate") -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{dollars(one.low)} to {dollars(one.high)}"


def _signed(amount: float) -> str:
    shown = dollars(amount)
    return shown if shown.startswith("-") else f"+{shown}"


def _ratio_cells(ratio: "LikelihoodRatio") -> tuple[str, ...]:
    verdict = "rejected" if ratio.is_rejected else "passes"
    return f"{ratio.statistic:z.3f}", f"{ratio.limit:.3f}", f"{ratio.p_value:.3f}", verdict
