"""Own risk in closed form: linear in prices that are normal, or Student's t."""

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.risk.covariance import check_covariance
from quant.risk.exposures import Exposures
from quant.risk.reports import Components, RiskReport
from quant.risk.standard_tails import StandardTail

Reals = NDArray[np.float64]


def parametric_risk(
    book: Exposures,
    covariance: Reals,
    level: float,
    *,
    degrees_of_freedom: float | None = None,
    horizon_days: int = 1,
) -> RiskReport:
    """Return z σ and its parts: σ² = δᵀΣδ, δ dollars per point (F,), Σ of daily changes (F, F).

    Options count by their delta alone. Mean 0; over days, σ grows with their root. z is that of
    the normal, or of Student's t scaled to the covariance. Parts are δᵢ (Σδ)ᵢ/σ z, the derivative
    by size times size, which adds up without any correction (Garman 1996).

    Raises:
        InvalidInput: the matrix is no covariance of the book's factors, `level` is not between 0
            and 1, there are 2 degrees of freedom or fewer, or fewer than one day.
    """
    size = len(book.factors)
    if covariance.shape != (size, size):
        reason = f"expected {size} factors, was {covariance.shape}"
        raise InvalidInput(field="covariance", reason=reason)
    check_covariance(covariance)
    if horizon_days < 1:
        raise InvalidInput(field="horizon_days", reason=f"expected at least 1, was {horizon_days}")
    tail = StandardTail(degrees_of_freedom=degrees_of_freedom)
    var, shortfall = tail.value_at_risk(level), tail.expected_shortfall(level)
    by_position = book.position_deltas()
    deltas = book.deltas()
    covered = covariance @ deltas * float(horizon_days)
    deviation = sqrt(max(0.0, float(deltas @ covered)))
    # a book without risk has no direction in which to lose
    slopes = covered / deviation if deviation > 0.0 else np.zeros(size)

    def components(parts: Reals) -> Components:
        return Components(value_at_risk=var * parts, expected_shortfall=shortfall * parts)

    return RiskReport(
        level=level,
        value_at_risk=var * deviation,
        expected_shortfall=shortfall * deviation,
        value_at_risk_error=0.0,
        expected_shortfall_error=0.0,
        labels=book.labels,
        factors=book.factors,
        by_position=components(by_position @ slopes),
        by_factor=components(deltas * slopes),
        marginal=components(slopes),
        scenario_count=0,
        floored_scenarios=0,
    )
