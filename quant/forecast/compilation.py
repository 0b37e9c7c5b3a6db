"""Own the compilation of the forecasts' kernels ahead of their first use."""

from datetime import date

import numpy as np

from quant.calendars import business_days, calendar_of
from quant.forecast.forecasts import LEAST_OBSERVATIONS, forecast_densities
from quant.forecast.parameters import usual_parameters
from quant.forecast.state import replay
from quant.volatility.samuelson import fit_samuelson


def compile_forecast_kernels() -> None:
    """Forecast from a small history."""
    parameters = usual_parameters("CL", (1, 2))
    days = business_days(date(2020, 1, 2), date(2020, 7, 1), calendar_of("CL"))
    changes = np.random.default_rng(0).normal(size=(LEAST_OBSERVATIONS, 2))
    state = replay(parameters, days[:LEAST_OBSERVATIONS], changes)
    forecast_densities(parameters, state, [1, 2], paths=16)
    fit_samuelson(np.array([0.1, 0.5, 1.0]), np.array([0.4, 0.3, 0.2]))
