"""Own `heliostat login`, `logout` and `whoami`: a person speaks for themselves on this machine."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, remark, show, show_json

if TYPE_CHECKING:
    from heliostat import Account, DeviceCode

UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="The API, such as https://heliostat.example."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("login", epilog=teach("heliostat login", "heliostat login --url https://desk"))(
        login
    )
    app.command("logout", epilog=teach("heliostat logout"))(logout)
    app.command("whoami", epilog=teach("heliostat whoami --json"))(whoami)


def login(
    context: typer.Context,
    url: UrlOption = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="PERMISSION", help="Ask for this only, such as market:read; repeat."),
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign in: open the address it prints, on any device, and let this machine in.

    The login is kept for this user alone and renewed by itself for as long as the session in the
    browser that let it in, 14 days at most. It goes before the key of a stack on this machine.
    """
    from heliostat import login_file, sign_in

    file = login_file(url, data)
    asked = " ".join(scope) if scope else None
    kept = sign_in(file, _show_code, scope=asked, **_seam(context))
    if as_json:
        show_json({"url": kept.url, "scope": kept.scope.split()})
    else:
        show(f"Signed in at {kept.url}.")


def logout(
    context: typer.Context,
    url: UrlOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End the login of this machine, at the API too."""
    from heliostat import login_file, sign_out

    file = login_file(url, data)
    was_there = sign_out(file, **_seam(context))
    if as_json:
        show_json({"url": file.url, "signed_out": was_there})
    else:
        show(f"Signed out at {file.url}." if was_there else f"Nobody was signed in at {file.url}.")


def whoami(context: typer.Context, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show for whom commands speak here, and what that may do."""
    with connect(context, data) as client:
        account = client.account()
    if as_json:
        show_json(account.model_dump(mode="json"))
        return
    show(*_lines(account))


def _seam(context: typer.Context) -> dict[str, Any]:
    """Return what a test hands in `context.obj` that a login takes."""
    given = context.obj or {}
    return {name: given[name] for name in ("transport", "sleep") if name in given}


def _show_code(code: "DeviceCode") -> None:
    remark(f"Open {code.link}")
    remark(
        f"or type {code.user_code} at {code.page}; it is good for {code.expires_in_s / 60:.0f} min."
    )


def _lines(account: "Account") -> list[str]:
    rows: dict[str, Any] = {"Speaks for": account.email or account.actor, "Role": account.role}
    named = [one.name for one in account.organisations if one.org_id == account.org_id]
    rows["Organisation"] = named[0] if named else account.org_id
    rows["May"] = ", ".join(account.permissions)
    if account.factors is not None:
        rows["Signs in by"] = ", ".join(_ways(account)) or "links only"
    return [f"{name:<13} {value}" for name, value in rows.items()]


def _ways(account: "Account") -> list[str]:
    factors = account.factors
    if factors is None:
        return []
    ways = ["password"] if factors.has_password else []
    ways += ["authenticator app"] if factors.has_totp else []
    return ways + [f"passkey {name}" for name in factors.passkeys]
