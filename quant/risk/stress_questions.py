"""Own the reading of stresses that are asked for: of the library by name, or of one's own."""

from core.errors import InvalidInput
from core.risk import CustomStress, StressQuestion
from quant.risk.stress import CurveShock, ShockUnit, Stress, VolatilityShock
from quant.risk.stress_library import LIBRARY, stress_named


def stresses_asked(question: StressQuestion) -> tuple[Stress, ...]:
    """Return the stresses of a question: named ones, then its own; all where it has neither.

    Raises:
        InvalidInput: a name is not in the library or comes twice, or a shock breaks a rule.
    """
    if question.stresses is None:
        named = () if question.custom else tuple(LIBRARY.values())
    else:
        named = tuple(stress_named(name) for name in question.stresses)
    asked = named + tuple(_own(custom) for custom in question.custom)
    names = [stress.name for stress in asked]
    if len(set(names)) != len(names):
        raise InvalidInput(field="stresses", reason=f"names one twice: {', '.join(names)}")
    return asked


def _own(custom: CustomStress) -> Stress:
    return Stress(
        name=custom.name,
        title=custom.title or custom.name,
        curves=tuple(
            CurveShock(
                product=shift.product,
                unit=ShockUnit(shift.unit),
                positions=shift.positions,
                values=shift.values,
            )
            for shift in custom.curves
        ),
        volatilities=tuple(
            VolatilityShock(product=shift.product, unit=ShockUnit(shift.unit), value=shift.value)
            for shift in custom.volatilities
        ),
    )
