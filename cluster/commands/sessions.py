"""Own `heliostat sessions`: where the person is signed in, and ending that."""

from typing import Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, show, show_done, show_json

sessions_app = typer.Typer(
    no_args_is_help=True, help="Show where you are signed in, and sign out there."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(sessions_app, name="sessions")


@sessions_app.command("list", epilog=teach("heliostat sessions list"))
def list_sessions(
    context: typer.Context, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List where you are signed in; needs `heliostat login`."""
    with connect(context, data) as client:
        found = client.sessions()
    if as_json:
        show_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    from rich.table import Table

    table = Table("session", "by", "last seen", "from", "with", box=None, pad_edge=False)
    for one in found:
        here = f"{one.session_id} (this)" if one.is_current else one.session_id
        seen = f"{one.last_seen_at:%Y-%m-%d %H:%M}"
        table.add_row(here, ", ".join(one.methods), seen, one.address, one.user_agent)
    show(table)


@sessions_app.command("end", epilog=teach("heliostat sessions end SESSION_ID"))
def end(
    context: typer.Context,
    session_id: Annotated[str, typer.Argument(metavar="SESSION_ID", help="The session's id.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign out somewhere; every token that came of it ends within 5 s."""
    with connect(context, data) as client:
        client.end_session(session_id)
    done = {"session_id": session_id, "ended": True}
    show_done(done, f"Session {session_id} has ended.", as_json=as_json)
