"""Own what a state expects of each of the next days, before any path is drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.calendars import add_business_days, calendar_of
from quant.forecast.state import DensityState

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """Hold the variance of each of the next days, in price units squared.

    `parts` (days, parts, series) are what each part of the model expects and `variances` (days,
    series) what they say together, both with the effects of the days that are ahead.
    """

    parts: Reals
    variances: Reals


def look_ahead(product: str, state: DensityState, horizon: int) -> Outlook:
    """Return what is expected of the next `horizon` business days of a product."""
    days, calendar = [state.as_of], calendar_of(product)
    for _ in range(horizon):
        days.append(add_business_days(days[-1], 1, calendar))
    squares = state.days.factors(days[1:]) ** 2
    parts = state.variance.parts(horizon)
    variances = state.variance.combined(parts) * squares[:, None]
    return Outlook(parts=parts * squares[:, None, None], variances=variances)
