"""Own `heliostat vault status|rotate`: the key that wraps what is sealed, and its replacement."""

from typing import TYPE_CHECKING, Any

import typer

from cluster.commands import vendor_credentials
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, progress, remark, show, show_json
from cluster.commands.stack import DataDir

if TYPE_CHECKING:
    from cluster.local.vault_upkeep import Rotated, VaultStatus


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Seal credentials in the database; show and replace the key that wraps them.",
        rich_markup_mode=None,
    )
    group.command("status", epilog=teach("heliostat vault status --json"))(status)
    group.command("rotate", epilog=teach("heliostat vault rotate"))(rotate)
    vendor_credentials.register(group)
    app.add_typer(group, name="vault")


def status(data: DataDir = None, as_json: JsonOption = False) -> None:
    """Show which key-encryption keys wrap how many data keys, and who holds them."""
    import asyncio

    from cluster.local import launch, vault_upkeep
    from cluster.local.system_database import system_database
    from cluster.local.vault_keys import vault_config

    chosen = launch.choose(data, None)

    async def read() -> "VaultStatus":
        async with system_database(chosen) as pools:
            config = vault_config(chosen.settings, chosen.paths)
            return await vault_upkeep.status(pools, config)

    found = asyncio.run(read())
    if as_json:
        show_json(_document(found))
        return
    _show_table(found)
    if found.to_wrap:
        remark(f"{found.to_wrap:,} data keys wait for `heliostat vault rotate`.")


def rotate(data: DataDir = None, as_json: JsonOption = False) -> None:
    """Wrap every data key by the current key-encryption key; no secret is rewritten.

    Where the stack's own vault.key holds it, a new key is made first: then keep a copy of that file
    again. Otherwise give the new key and the old one (..._PREVIOUS), start the stack anew and
    run this. What was interrupted goes on where it ended, and the stack runs on meanwhile.
    """
    import asyncio

    from cluster.local import launch, vault_upkeep
    from cluster.local.system_database import system_database
    from cluster.local.vault_keys import vault_config
    from core.clock import SystemClock, utc_from_ns

    chosen = launch.choose(data, None)
    now = utc_from_ns(SystemClock().now_ns())

    async def run() -> "Rotated":
        with progress() as display:
            task = display.add_task("wrapping data keys", count="", ahead="")

            def tell(done: int, total: int) -> None:
                display.update(task, completed=done, total=total, count=f"{done:,} of {total:,}")

            async with system_database(chosen) as pools:
                config = vault_config(chosen.settings, chosen.paths)
                return await vault_upkeep.rotate(pools, config, chosen.paths.vault_key, now, tell)

    done = asyncio.run(run())
    if as_json:
        show_json(
            {
                "to": done.to_key,
                "from": list(done.from_keys),
                "data_keys": done.wrapped,
                "made_key": done.made_key,
            }
        )
        return
    show(f"{done.wrapped:,} data keys are wrapped by {done.to_key}; no secret was rewritten.")
    if done.made_key:
        remark(f"A new key was made: keep a copy of {chosen.paths.vault_key} elsewhere.")


def _document(found: "VaultStatus") -> dict[str, Any]:
    return {
        "current": {"key": found.current, "holder": found.holders.get(found.current)},
        "to_wrap": found.to_wrap,
        "keys": [
            {
                "key": one.wrapping_key,
                "holder": found.holders.get(one.wrapping_key),
                "data_keys": one.keys,
                "wrapped_first": one.oldest.isoformat(),
                "wrapped_last": one.newest.isoformat(),
            }
            for one in found.counts
        ],
    }


def _show_table(found: "VaultStatus") -> None:
    from rich.table import Table

    table = Table("key", "held by", "data keys", "last wrapped", box=None, pad_edge=False)
    named = {one.wrapping_key: one for one in found.counts}
    for name in dict.fromkeys((found.current, *named)):
        one = named.get(name)
        table.add_row(
            f"{name} (current)" if name == found.current else name,
            found.holders.get(name, "nobody: not given"),
            f"{one.keys:,}" if one else "0",
            f"{one.newest:%Y-%m-%d %H:%M}" if one else "",
        )
    show(table)
