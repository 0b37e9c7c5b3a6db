"""Own `heliostat vault put|list|remove`: credentials of vendors, sealed in the database."""

import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, remark, show, show_json
from cluster.commands.stack import DataDir
from core.errors import InvalidInput

if TYPE_CHECKING:
    from cluster.local.vendor_credentials import ListedCredentials

_RESTART = "A running stack uses it after `heliostat down` and `heliostat up`."
VendorArgument = Annotated[
    str, typer.Argument(metavar="VENDOR", help="cme, ice, openweather, ibm or oidc.")
]


def register(group: typer.Typer) -> None:
    """Add the commands to the group of the vault."""
    example = 'printf \'%s\\n\' "$TOKEN" "$CRN" | heliostat vault put ibm token instance'
    group.command("put", epilog=teach("heliostat vault put openweather api_key", example))(put)
    group.command("list", epilog=teach("heliostat vault list --json"))(list_vendors)
    group.command("remove", epilog=teach("heliostat vault remove ibm"))(remove)


def put(
    vendor: VendorArgument,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="As in HELIOSTAT_VENDOR_NAME: token for HELIOSTAT_IBM_TOKEN."
        ),
    ],
    data: DataDir = None,
    as_json: JsonOption = False,
) -> None:
    """Seal all that a vendor wants, in place of what was kept of it.

    Values are asked for, or read from standard input, a line each, in the order of the names.
    Variables HELIOSTAT_VENDOR_... of the environment or .env go before all that is kept of their
    vendor.
    """
    import asyncio

    from cluster.local import launch, vendor_credentials
    from cluster.local.system_database import system_database
    from cluster.local.vault_keys import vault_config
    from storage.vault.vault import open_vault

    chosen = launch.choose(data, None)
    lowered = [name.lower() for name in names]
    variables = dict(zip(lowered, _values(lowered), strict=True))
    vendor_credentials.require_whole(vendor, variables)

    async def keep() -> None:
        async with system_database(chosen) as pools:
            vault = open_vault(vault_config(chosen.settings, chosen.paths))
            await vendor_credentials.put(pools, vault, vendor, variables, _now())

    asyncio.run(keep())
    is_used = not chosen.settings.variables_of(vendor)
    if as_json:
        show_json({"vendor": vendor, "names": sorted(variables), "used": is_used})
        return
    show(f"{vendor}: {', '.join(sorted(variables))} are sealed.")
    remark(_RESTART if is_used else _not_used(vendor))


def list_vendors(data: DataDir = None, as_json: JsonOption = False) -> None:
    """List of which vendors something is kept; values are never shown."""
    import asyncio

    from cluster.local import launch, vendor_credentials
    from cluster.local.system_database import system_database

    chosen = launch.choose(data, None)

    async def read() -> "list[ListedCredentials]":
        async with system_database(chosen) as pools:
            return await vendor_credentials.listed(pools, chosen.settings)

    found = asyncio.run(read())
    if as_json:
        items = [
            {
                "vendor": one.kept.vendor,
                "names": list(one.kept.names),
                "kept_at": one.kept.kept_at.isoformat(),
                "used": one.is_used,
            }
            for one in found
        ]
        show_json({"items": items})
        return
    if not found:
        show("Nothing yet; `heliostat vault put VENDOR NAME...` seals something.")
        return
    from rich.table import Table

    table = Table("vendor", "kept", "since", "", box=None, pad_edge=False)
    for one in found:
        kept = one.kept
        state = "" if one.is_used else _not_used(kept.vendor)
        table.add_row(kept.vendor, ", ".join(kept.names), f"{kept.kept_at:%Y-%m-%d %H:%M}", state)
    show(table)


def remove(vendor: VendorArgument, data: DataDir = None, as_json: JsonOption = False) -> None:
    """Forget what is kept of a vendor; copies of the database cannot be read either."""
    import asyncio

    from cluster.local import launch, vendor_credentials
    from cluster.local.system_database import system_database
    from cluster.local.vault_keys import vault_config
    from storage.vault.vault import open_vault

    chosen = launch.choose(data, None)

    async def forget() -> None:
        async with system_database(chosen) as pools:
            vault = open_vault(vault_config(chosen.settings, chosen.paths))
            await vendor_credentials.remove(pools, vault, vendor, _now())

    asyncio.run(forget())
    if as_json:
        show_json({"vendor": vendor, "removed": True})
        return
    show(f"Nothing is kept of {vendor} any more.")
    remark(_RESTART)


def _values(names: list[str]) -> list[str]:
    """Return the values of names, which stand on no command line: others could read them there."""
    if len(set(names)) < len(names):
        raise InvalidInput(field="name", reason="one is given twice")
    if sys.stdin.isatty():
        return [str(typer.prompt(name, hide_input=True, err=True)) for name in names]
    lines = sys.stdin.read().splitlines()
    if len(lines) != len(names):
        reason = f"expected {len(names)} lines on standard input, got {len(lines)}"
        raise InvalidInput(field="value", reason=reason)
    return lines


def _not_used(vendor: str) -> str:
    return f"not used: the environment or .env names HELIOSTAT_{vendor.upper()}_..."


def _now() -> datetime:
    from core.clock import SystemClock, utc_from_ns

    return utc_from_ns(SystemClock().now_ns())
