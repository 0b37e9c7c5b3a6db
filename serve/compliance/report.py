"""Own the carrying out of every control's check, one after the other."""

from dataclasses import dataclass

from core.errors import HeliostatError
from serve.compliance.controls import CONTROLS, Control
from serve.compliance.finding import Finding, Inspection, fails


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedControl:
    """Hold a control with what its check found."""

    control: Control
    finding: Finding


async def inspect(inspection: Inspection) -> tuple[CheckedControl, ...]:
    """Check every control; a check that cannot be carried out shows nothing, and so fails."""
    return tuple([await _checked(control, inspection) for control in CONTROLS])


async def _checked(control: Control, inspection: Inspection) -> CheckedControl:
    try:
        finding = await control.check(inspection)
    except HeliostatError as error:
        told = f"The check could not be carried out: {error.detail}"
        finding = fails(told, "Mend what stands in its way, then run the report again.")
    return CheckedControl(control=control, finding=finding)
