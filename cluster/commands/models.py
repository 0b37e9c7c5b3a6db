"""Own `heliostat model` and `heliostat models`: what forecasts come from, and how well they did."""

from typing import TYPE_CHECKING

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.forecast_options import ProductArgument, PublishedSourceOption, note_lines
from cluster.commands.output import JsonOption, show, show_json

if TYPE_CHECKING:
    from rich.table import Table

    from heliostat import ModelCard, ModelStatus

_STATUS_COLUMNS = ("product", "source", "as of", "version", "days seen", "state")
_SCORE_COLUMNS = ("score", "days", "model", "baseline", "of", "difference, 95 %")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("model", epilog=teach("heliostat model CL", "heliostat model NG --json"))(model)
    app.command("models", epilog=teach("heliostat models"))(models)


def model(
    context: typer.Context,
    product: ProductArgument,
    source: PublishedSourceOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the card of a product's model: its data, its parameters, how well it forecast.

    Scores are of a walk forward over the last part of its history: each day was forecast from
    the days before it alone. Lower is better; below 0 the model did better than the baseline.
    """
    with connect(context, data) as client:
        found = client.model_card(product.upper(), source)
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    show(_status_line(found.status))
    if found.card is None:
        show("It has not been estimated yet.")
        return
    card = found.card
    show("", *_provenance(card), "", _parameters(card))
    if card.scores:
        show("", f"Walk forward from {card.scored_from} on:", _scores(card))
    show(*note_lines(card.notes))


def models(
    context: typer.Context,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the models, one for each product, and what those wait for that do not forecast yet."""
    with connect(context, data) as client:
        found = client.models()
    if as_json:
        show_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    from rich.table import Table

    table = Table(*_STATUS_COLUMNS, box=None, pad_edge=False)
    for column in (3, 4):
        table.columns[column].justify = "right"
    for one in found:
        as_of = "" if one.as_of is None else one.as_of.isoformat()
        counts = (str(one.version), f"{one.observations:,}")
        table.add_row(one.product, one.source or "", as_of, *counts, _state(one))
    show(table if found else "No models run here.")


def _state(status: "ModelStatus") -> str:
    words = [f"waits: {status.waiting}" if status.waiting else "forecasts"]
    if status.is_fitting:
        words.append("is being estimated")
    if status.fit_error:
        words.append(f"the last estimate failed: {status.fit_error}")
    return "; ".join(words)


def _status_line(status: "ModelStatus") -> str:
    day = "" if status.as_of is None else f"  as of {status.as_of}, version {status.version}"
    source = "" if status.source is None else f"  source {status.source}"
    return f"{status.product}{source}{day}  {_state(status)}"


def _provenance(card: "ModelCard") -> list[str]:
    likelihood = (
        "" if card.log_likelihood is None else f"  log-likelihood {card.log_likelihood:z,.2f}"
    )
    return [
        f"{card.observations:,} days from {card.first_day} to {card.last_day} of "
        f"{', '.join(card.history_sources)}, as stored by {card.recorded_until:%Y-%m-%d %H:%M:%S}",
        f"estimated {card.fitted_at:%Y-%m-%d %H:%M:%S} by version {card.code_version}{likelihood}",
        f"estimate {card.fit_id}",
    ]


def _parameters(card: "ModelCard") -> "Table":
    from rich.table import Table

    table = Table("parameter", "estimate", "std. error", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for name, value in card.parameters.items():
        table.add_row(name, _number(value), _number(card.standard_errors.get(name)))
    return table


def _scores(card: "ModelCard") -> "Table":
    from rich.table import Table

    table = Table(*_SCORE_COLUMNS, box=None, pad_edge=False)
    for column in (1, 2, 3, 5):
        table.columns[column].justify = "right"
    for one in card.scores:
        bounds = "" if one.low is None else f"{_number(one.low)} to {_number(one.high)}"
        numbers = (str(one.horizon), _number(one.ours), _number(one.baseline))
        table.add_row(one.metric, *numbers, one.baseline_name, bounds)
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"
