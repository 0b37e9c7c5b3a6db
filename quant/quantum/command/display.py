"""Own how evaluated angles are told to people: small tables, and where the probability lies."""

from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from quant.quantum.command.evaluation import Evaluation
    from quant.quantum.progress import Progress

_BAR_WIDTH = 24
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def evaluation_tables(found: "Evaluation") -> "list[RenderableType]":
    """Return the figures of evaluated angles, and where their probability lies."""
    return [_figures(found), "", _distribution(found), ""]


def fact_lines(found: "Evaluation", facts: dict[str, Any]) -> list[str]:
    """Return what an answer was made of: a line for each list of angles, one for the rest."""
    lists = [
        f"{name} " + " ".join(map(repr, value))
        for name, value in facts.items()
        if isinstance(value, list)
    ]
    rest = [_fact(name, value) for name, value in facts.items() if not isinstance(value, list)]
    rest.append(f"{found.states:,} subsets")
    if not found.convex:
        rest.append("Σ is not positive semidefinite")
    return [*lists, " · ".join(rest)]


def _fact(name: str, value: object) -> str:
    if isinstance(value, float) and name.endswith("_elapsed_s"):
        return f"{name.removesuffix('_elapsed_s')} {duration_text(value)}"
    return f"{name} {value}"


def progress_text(now: "Progress") -> str:
    """Return how far a training is, and when it will be done."""
    ahead = duration_text(now.remaining_s)
    return f"{now.done}/{now.total}, best {now.energy:.6g}, {ahead} left"


def _figures(found: "Evaluation") -> Table:
    how = "proven" if found.classical.proven else "not proven"
    table = Table("", "these angles", "a random subset", f"optimum ({how})", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    spread = found.greatest - found.optimum.objective
    mean = found.greatest - found.random_ratio * spread
    least = _shown(found.optimum.objective)
    table.add_row("energy", _shown(found.energy), _shown(mean), least)
    if found.cvar is not None:
        table.add_row("CVaR", _shown(found.cvar), "", least)
    ratios = (found.approximation_ratio, found.random_ratio, 1.0)
    table.add_row("approximation ratio", *(f"{ratio:.6f}" for ratio in ratios))
    chance = found.random_chance
    table.add_row("probability of the optimum", _shown(found.optimum.probability), _shown(chance))
    table.add_row(
        "most probable subset",
        _members(found.most_probable.chosen),
        "",
        _members(found.optimum.chosen),
    )
    likely = found.most_probable
    table.add_row("  its objective", _shown(likely.objective), "", least)
    table.add_row("  its probability", _shown(likely.probability), "", "")
    table.add_row(
        f"found by {found.classical.method} search in",
        "",
        "",
        duration_text(found.classical.elapsed_s or 0.0),
    )
    return table


def _distribution(found: "Evaluation") -> Table:
    table = Table("objective up to", "these angles", "", "random subsets", "", box=None)
    least, greatest = found.optimum.objective, found.greatest
    longest = max(found.masses.max(), found.random_masses.max())
    bins = len(found.masses)
    for place, (mass, random) in enumerate(zip(found.masses, found.random_masses, strict=True)):
        edge = least + (greatest - least) * (place + 1) / bins
        shares = (_bar(mass / longest), f"{mass:.1%}", _bar(random / longest), f"{random:.1%}")
        table.add_row(f"{edge:.4g}", *shares)
    for column in (0, 2, 4):
        table.columns[column].justify = "right"
    return table


def _bar(share: float) -> str:
    whole, eighths = divmod(round(share * _BAR_WIDTH * 8), 8)
    return "█" * whole + (_EIGHTHS[eighths] if eighths else "")


def _members(chosen: tuple[int, ...]) -> str:
    return " ".join(map(str, chosen))


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def duration_text(seconds: float) -> str:
    """Return seconds in words."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
