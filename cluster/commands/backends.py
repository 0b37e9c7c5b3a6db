"""Own `heliostat backends`: what runs may be carried out on."""

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_json


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("backends", epilog=teach("heliostat backends", "heliostat backends --json"))(
        list_backends
    )


def list_backends(
    context: typer.Context, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List simulators, fake devices with their noise, and IBM's devices if it can be reached."""
    with connect(context, data) as client:
        found = client.backends()
    if as_json:
        show_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    from rich.table import Table

    table = Table("backend", "qubits", "status", "", box=None, pad_edge=False)
    for one in found:
        about = one.description if one.reason is None else f"{one.description}: {one.reason}"
        qubits = "" if one.qubits is None else str(one.qubits)
        table.add_row(one.backend, qubits, one.status, about)
    show(table)
