"""Own `heliostat compliance`: the controls that software can evidence, checked now."""

from typing import TYPE_CHECKING, Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import WORK_FAILED, teach
from cluster.commands.output import JsonOption, remark, show, show_json

if TYPE_CHECKING:
    from heliostat import ComplianceReport

compliance_app = typer.Typer(
    no_args_is_help=True,
    help="Check the controls of GDPR, SOC 2 and ISO 27001 that software shows.",
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(compliance_app, name="compliance")


@compliance_app.command("report", epilog=teach("heliostat compliance report --strict --json"))
def report(
    context: typer.Context,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if a control does not hold.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Carry out the check behind each control, and show what it found and what to do.

    What contracts, training and locks on doors must show is not in it.
    """
    with connect(context, data) as client:
        found = client.compliance()
    if as_json:
        show_json(found.model_dump(mode="json"))
    else:
        _show(found)
    if strict and not found.holds:
        raise typer.Exit(WORK_FAILED)


def _show(found: "ComplianceReport") -> None:
    from rich.table import Table

    table = Table("control", "", "found now", "clauses", box=None, pad_edge=False)
    for one in found.items:
        told = one.evidence if one.holds else f"{one.evidence} {one.remedy or ''}".strip()
        table.add_row(
            one.control_id, "holds" if one.holds else "FAILS", told, ", ".join(one.clauses)
        )
    show(table)
    failing = sum(not one.holds for one in found.items)
    remark(f"{len(found.items) - failing} of {len(found.items)} controls hold.")
