"""Own how a product's model draws what may come: a price of each contract on each day."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.forecasts import Forecast
from quant.calendars import add_business_days, calendar_of
from quant.forecast.forecasts import PATHS, scenario_paths
from quant.product_model.following import Following
from quant.product_model.forecasting import median_prices

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenarios:
    """Hold prices (paths, days, contracts), the contracts in the order of their forecast."""

    days: tuple[date, ...]
    prices: Reals


def draw_scenarios(
    following: Following, forecast: Forecast, horizon: int, *, paths: int, seed: int = 0
) -> Scenarios:
    """Return the first of 4,096 paths of the contracts of a forecast, which is of this model.

    On each path all contracts move together. Of all 4,096 with the seed 0, prices on the last day
    have the quantiles of the forecast over that horizon, the one of a day excepted, which is in
    closed form.

    Raises:
        InvalidInput: the horizon is not 1…60, or paths are not 1…4,096.
        HistoryTooShort: the density model has seen fewer than 100 days.
    """
    if not 1 <= paths <= PATHS:
        raise InvalidInput(field="paths", reason=f"expected 1 to {PATHS}, was {paths}")
    fit, state = following.fit, following.state
    columns = [fit.density.positions.index(one.position) for one in forecast.contracts]
    drawn = scenario_paths(fit.density, state.density, horizon, paths=PATHS, seed=seed)
    changes = drawn[:, :, columns]
    settled = np.array([one.settlement for one in forecast.contracts])
    ahead = range(1, horizon + 1)
    medians = np.array([median_prices(fit, state, settled, days) for days in ahead])
    calendar = calendar_of(forecast.product)
    return Scenarios(
        days=tuple(add_business_days(forecast.as_of, days, calendar) for days in ahead),
        prices=medians + changes[:paths] - np.median(changes, axis=0),
    )
