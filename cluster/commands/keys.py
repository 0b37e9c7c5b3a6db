"""Own `heliostat keys`: API keys of people and machines."""

from typing import Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, remark, show, show_done, show_json

keys_app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(keys_app, name="keys")


@keys_app.command(
    "create",
    epilog=teach(
        "heliostat keys create notebook",
        "heliostat keys create 'nightly import' --machine --role analyst "
        "--scope settlements:import --days 30",
    ),
)
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    machine: Annotated[
        bool, typer.Option("--machine", help="Of nobody: it outlives your membership.")
    ] = False,
    role: Annotated[
        str | None,
        typer.Option(metavar="ROLE", help="Otherwise yours, for a machine read-only."),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="PERMISSION", help="May do this only, such as market:read; repeat."),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it is good.")] = 90,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key; its secret is printed now and never again.

    One of your own needs `heliostat login`; with the key of this machine, make one with --machine.
    """
    with connect(context, data) as client:
        made = client.create_key(
            name,
            kind="machine" if machine else "own",
            role=role,
            scopes=scope or (),
            expires_in_days=days,
        )
    if as_json:
        show_json(made.model_dump(mode="json"))
        return
    show(f"{made.key_id}  {made.name} ({made.role})", f"secret {made.secret}")
    remark("Keep the secret, such as in HELIOSTAT_KEY: it is not shown again.")


@keys_app.command("list", epilog=teach("heliostat keys list --all"))
def list_keys(
    context: typer.Context,
    everybody: Annotated[
        bool, typer.Option("--all", help="Of everybody in the organisation.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List keys, oldest first, with when they were last used."""
    with connect(context, data) as client:
        found = client.keys(everybody=everybody)
    if as_json:
        show_json({"items": [one.model_dump(mode="json", exclude={"secret"}) for one in found]})
        return
    from rich.table import Table

    table = Table(
        "key", "name", "begins", "role", "may", "good until", "last used", box=None, pad_edge=False
    )
    for one in found:
        until = "for ever" if one.expires_at is None else f"{one.expires_at:%Y-%m-%d}"
        used = "never" if one.last_used_at is None else f"{one.last_used_at:%Y-%m-%d %H:%M}"
        may = ", ".join(one.scopes) or "all of its role"
        state = "revoked" if one.revoked_at is not None else until
        table.add_row(one.key_id, one.name, one.prefix, one.role, may, state, used)
    show(table if found else "No keys yet; `heliostat keys create NAME` makes one.")


@keys_app.command("revoke", epilog=teach("heliostat keys revoke KEY_ID"))
def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a key for good, everywhere within 5 s."""
    with connect(context, data) as client:
        client.revoke_key(key_id)
    done = {"key_id": key_id, "revoked": True}
    show_done(done, f"Key {key_id} is revoked.", as_json=as_json)
