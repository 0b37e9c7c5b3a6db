"""Own how a command finds the API: the client package, and the options that choose the stack."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from heliostat import Client

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Speak to the stack of this data directory. Otherwise HELIOSTAT_URL and "
        "HELIOSTAT_KEY, else HELIOSTAT_DATA, else ./.heliostat.",
    ),
]


def connect(context: typer.Context, data: Path | None) -> "Client":
    """Return a client of the chosen stack; a test hands its own arguments in `context.obj`."""
    from heliostat import Client

    return Client(**{"data_dir": data, **(context.obj or {})})
