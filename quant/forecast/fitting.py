"""Own the fitting of a density model's parameters to past changes."""

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput, ModelNotApplicable
from quant.forecast.missing import fill_days
from quant.forecast.parameters import DensityParameters, usual_parameters
from quant.forecast.settings import DensitySettings
from quant.volatility.changes import check_changes
from quant.volatility.ewma import ewma_variances
from quant.volatility.garch import GarchParameters
from quant.volatility.garch_fit import fit_garch
from quant.volatility.har import MONTH, HarParameters, fit_har, har_forecasts

Reals = NDArray[np.float64]

FIT_DAYS = 1_000
LEAST_DAYS = 250


def fit_density(
    product: str,
    positions: tuple[int, ...],
    dates: Sequence[date],
    changes: Reals,
    settings: DensitySettings | None = None,
) -> DensityParameters:
    """Fit parameters to the last 1,000 days of changes (days, series), in price units.

    Changes are over the standard deviation that a slow EWMA forecast for them. A GARCH whose fit
    fails, or whose α + β is 1 or more, keeps its usual values and is named in `fallbacks`.

    Raises:
        InvalidInput: shapes disagree, or a number is infinite.
        HistoryTooShort: there are fewer than 250 days with a change.
        ModelNotApplicable: the prices of a position never moved.
    """
    if changes.shape != (len(dates), len(positions)):
        reason = f"expected shape {(len(dates), len(positions))}, was {changes.shape}"
        raise InvalidInput(field="changes", reason=reason)
    usual = usual_parameters(product, positions, settings)
    if np.isinf(changes).any():
        raise InvalidInput(field="changes", reason="expected finite numbers or nan")
    known = fill_days(changes)
    check_changes(known, subject="density model", needed=LEAST_DAYS, dimensions=2)
    relative = _relative(known, usual.settings)[-FIT_DAYS:]
    garch, fallbacks = [], []
    for position, column in zip(positions, relative.T, strict=True):
        found = _garch(column)
        garch.append(found or usual.garch[0])
        if found is None:
            fallbacks.append(f"GARCH(1,1)-t of position {position}")
    har = [fit_har(np.abs(column)) for column in relative.T]
    return DensityParameters(
        product=product,
        positions=positions,
        garch=tuple(garch),
        har=tuple(har),
        har_ratios=tuple(_ratio(one, column) for one, column in zip(har, relative.T, strict=True)),
        settings=usual.settings,
        fitted_through=dates[-1],
        fallbacks=tuple(fallbacks),
    )


def _relative(changes: Reals, settings: DensitySettings) -> Reals:
    """Return changes over their slow EWMA deviation, bounded as they are in the model."""
    initial = np.mean(changes[:MONTH] ** 2, axis=0)
    anchor = ewma_variances(changes, settings.anchor_half_life, initial)[:-1]
    return np.clip(changes / np.sqrt(anchor), -settings.news_limit, settings.news_limit)


def _garch(changes: Reals) -> GarchParameters | None:
    try:
        found = fit_garch(changes, has_mean=False, is_student=True).parameters
    except ModelNotApplicable:
        return None
    return found if found.persistence < 1.0 else None


def _ratio(parameters: HarParameters, changes: Reals) -> float:
    """Return what a squared forecast of the absolute change is times, to be a variance."""
    forecasts = har_forecasts(parameters, np.abs(changes))[:-1]
    return float(np.mean(changes[MONTH:] ** 2) / np.mean(forecasts**2))
