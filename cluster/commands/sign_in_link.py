"""Own `heliostat sign-in-link`: the way back in for who has lost every other."""

from typing import Annotated

import typer

from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, remark, show, show_json
from cluster.commands.stack import DataDir


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("sign-in-link", epilog=teach("heliostat sign-in-link ada@example.com"))(
        sign_in_link
    )


def sign_in_link(
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="The person's address.")],
    data: DataDir = None,
    as_json: JsonOption = False,
) -> None:
    """Print a link by which a person sets a new password once; a second factor is still asked.

    For whoever runs the stack on this machine: it speaks to the database itself. The audit trail
    tells of it.
    """
    import asyncio

    from cluster.local import launch
    from cluster.local.context import read_context
    from cluster.local.front_door import LINK_LIVES_S, link_for
    from cluster.local.system_database import system_database
    from core.clock import SystemClock, utc_from_ns

    chosen = launch.choose(data, None)
    origin = read_context(chosen.settings, chosen.paths, chosen.port).origin

    async def make() -> str:
        async with system_database(chosen) as pools:
            return await link_for(pools, email, origin, utc_from_ns(SystemClock().now_ns()))

    link = asyncio.run(make())
    if as_json:
        show_json({"email": email, "link": link, "expires_in_s": LINK_LIVES_S})
        return
    show(link)
    remark(f"Good once, for {LINK_LIVES_S // 3600} hours. Send it where only {email} reads it.")
