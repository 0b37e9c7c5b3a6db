"""Own how a run of any kind is told to people; portfolios have words of their own."""

from typing import TYPE_CHECKING, Any

from cluster.commands.output import duration_text
from cluster.commands.portfolio import facts_line, result_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from heliostat import Run

_LONGEST = 100


def run_text(run: "Run") -> "Iterator[RenderableType]":
    """Yield the lines and tables that tell of one run."""
    yield f"run {run.run_id}  {run.kind}  {run.status}  {asked_for(run)}"
    if run.waiting_for is not None:
        yield f"waiting: {run.waiting_for}"
    if run.error is not None:
        yield str(run.error.get("detail", run.error))
    choice = (run.plan or {}).get("choice") or {}
    if choice.get("why"):
        yield str(choice["why"])
    if run.result is None:
        return
    if "classical_optimum" in run.result and run.kind in {"portfolio", "hedge"}:
        yield from (result_table(run), "", facts_line(run))
        return
    yield _facts(run.result)
    if run.elapsed_s is not None:
        yield f"{duration_text(run.elapsed_s)} on {run.backend}"


def asked_for(run: "Run") -> str:
    """Return in one line what a run is asked."""
    asked = run.specification
    seed = f"seed {asked.get('seed')}"
    if "paths" in asked:
        of = asked.get("book") or f"{len(asked.get('positions', ()))} positions"
        return f"{asked['paths']:,} paths of {of}, {asked.get('method')}, {seed}"
    if "models" in asked:
        models, products = ",".join(asked["models"]), ",".join(asked.get("products", ()))
        return f"{models} of {products} from {asked.get('source')}, {seed}"
    if "products" in asked:
        products = ",".join(asked.get("products", ()))
        number = "" if "choose" not in asked else f"{asked.get('choose')} of "
        return f"{number}{asked.get('of')} {products} from {asked.get('source')}, {seed}"
    if "program" in asked:
        shots = f", {asked['shots']} shots" if "shots" in asked else ""
        length = f"{len(asked['program'])} characters"
        return f"{asked.get('language', 'qasm3')} of {length}{shots}, {seed}"
    if "measure" in asked:
        return f"{asked['measure']} by {asked.get('estimator', 'iterative')}, {seed}"
    return seed


def _facts(result: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in result.items():
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
        table.add_row(name.replace("_", " "), shown)
    return table
