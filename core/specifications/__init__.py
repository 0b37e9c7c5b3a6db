"""Own which specification belongs to which kind of run."""

from typing import Any

from core.asked import Asked
from core.errors import InvalidInput
from core.runs import RunKind
from core.specifications.amplitude import AmplitudeSpecification
from core.specifications.backtest import BacktestSpecification
from core.specifications.circuit import CircuitSpecification, ObservableSpecification
from core.specifications.hedge import HedgeSpecification
from core.specifications.landscape import LandscapeSpecification
from core.specifications.portfolio import PortfolioSpecification
from core.specifications.risk import RiskSpecification
from core.specifications.sweep import SweepSpecification

SPECIFICATIONS: dict[RunKind, type[Asked]] = {
    RunKind.PORTFOLIO: PortfolioSpecification,
    RunKind.HEDGE: HedgeSpecification,
    RunKind.SWEEP: SweepSpecification,
    RunKind.CIRCUIT: CircuitSpecification,
    RunKind.OBSERVABLE: ObservableSpecification,
    RunKind.AMPLITUDE: AmplitudeSpecification,
    RunKind.LANDSCAPE: LandscapeSpecification,
    RunKind.BACKTEST: BacktestSpecification,
    RunKind.RISK: RiskSpecification,
}


def specification_from_json(kind: str, values: dict[str, Any]) -> Asked:
    """Rebuild a specification from its kind and what `to_json` returned.

    Raises:
        InvalidInput: the kind is unknown or a value breaks a rule.
    """
    try:
        model = SPECIFICATIONS[RunKind(kind)]
    except ValueError:
        known = ", ".join(SPECIFICATIONS)
        reason = f"expected one of {known}, was {kind[:80]!r}"
        raise InvalidInput(field="kind", reason=reason) from None
    return model.checked(values)
