"""Own `heliostat members`: who belongs to the organisation, as what, and who is to."""

from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, remark, show, show_done, show_json

if TYPE_CHECKING:
    from heliostat import Member

members_app = typer.Typer(
    no_args_is_help=True, help="Show, invite, disable and remove members, and change their roles."
)

MemberArgument = Annotated[str, typer.Argument(metavar="USER_ID", help="The member's id.")]
RoleOption = Annotated[
    str,
    typer.Option(
        metavar="ROLE",
        help="owner, admin, analyst, researcher, operator, billing or read-only.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(members_app, name="members")


@members_app.command("list", epilog=teach("heliostat members list"))
def list_members(
    context: typer.Context, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List who belongs to the organisation."""
    with connect(context, data) as client:
        found = client.members()
    if as_json:
        show_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    from rich.table import Table

    table = Table("member", "name", "address", "role", "joined", "", box=None, pad_edge=False)
    for one in found:
        state = "" if one.disabled_at is None else f"disabled {one.disabled_at:%Y-%m-%d}"
        joined = f"{one.joined_at:%Y-%m-%d}"
        table.add_row(one.user_id, one.name, one.email or "", one.role, joined, state)
    show(table)


@members_app.command(
    "invite", epilog=teach("heliostat members invite ada@example.com --role analyst")
)
def invite(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whom to invite.")],
    role: RoleOption,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Invite a person; send them the link that is printed now and never again."""
    with connect(context, data) as client:
        made = client.invite(email, role)
    if as_json:
        show_json(made.model_dump(mode="json"))
        return
    show(made.link or "")
    remark(
        f"Send the link to {made.email}: it is good once, until {made.expires_at:%Y-%m-%d %H:%M}."
    )


@members_app.command("invitations", epilog=teach("heliostat members invitations"))
def list_invitations(
    context: typer.Context, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List invitations, newest first."""
    with connect(context, data) as client:
        found = client.invitations()
    if as_json:
        hidden = {"token", "link"}
        show_json({"items": [one.model_dump(mode="json", exclude=hidden) for one in found]})
        return
    from rich.table import Table

    table = Table("invitation", "address", "role", "state", "good until", box=None, pad_edge=False)
    for one in found:
        until = f"{one.expires_at:%Y-%m-%d}"
        table.add_row(one.invitation_id, one.email, one.role, one.state, until)
    show(table if found else "Nobody was invited yet.")


@members_app.command("withdraw", epilog=teach("heliostat members withdraw INVITATION_ID"))
def withdraw(
    context: typer.Context,
    invitation_id: Annotated[
        str, typer.Argument(metavar="INVITATION_ID", help="The invitation's id.")
    ],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the link of an invitation good for nothing."""
    with connect(context, data) as client:
        client.withdraw_invitation(invitation_id)
    done = {"invitation_id": invitation_id, "withdrawn": True}
    show_done(done, f"Invitation {invitation_id} is withdrawn.", as_json=as_json)


@members_app.command("role", epilog=teach("heliostat members role USER_ID --role operator"))
def change_role(
    context: typer.Context,
    user_id: MemberArgument,
    role: RoleOption,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a member another role; tokens of the former one end within 5 s."""
    with connect(context, data) as client:
        member = client.change_role(user_id, role)
    _tell(member, f"{member.name} is {member.role} now.", as_json)


@members_app.command("remove", epilog=teach("heliostat members remove USER_ID"))
def remove(
    context: typer.Context,
    user_id: MemberArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a membership, with the sessions and keys that came of it."""
    with connect(context, data) as client:
        client.remove_member(user_id)
    done = {"user_id": user_id, "removed": True}
    show_done(done, f"Member {user_id} is removed.", as_json=as_json)


@members_app.command(
    "disable", epilog=teach("heliostat login", "heliostat members disable USER_ID")
)
def disable(
    context: typer.Context,
    user_id: MemberArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a person sign in no more, anywhere; what is open ends within 5 s.

    Needs a login whose person proved a second factor in the last ten minutes, no key.
    """
    with connect(context, data) as client:
        member = client.disable_member(user_id)
    _tell(member, f"{member.name} is disabled.", as_json)


@members_app.command("enable", epilog=teach("heliostat login", "heliostat members enable USER_ID"))
def enable(
    context: typer.Context,
    user_id: MemberArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a disabled person sign in again; needs what `disable` needs."""
    with connect(context, data) as client:
        member = client.enable_member(user_id)
    _tell(member, f"{member.name} may sign in again.", as_json)


def _tell(member: "Member", sentence: str, as_json: bool) -> None:
    show_done(member.model_dump(mode="json"), sentence, as_json=as_json)
