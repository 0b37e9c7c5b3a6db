"""Own schedules of units over many hours: which rules they must keep, and what they cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.dispatch import ROUNDING_MW, Flags, Unit, column, dispatch, fuel_costs

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycling:
    """Hold how a unit may stop and start: hours it must stay, and what a start costs in $.

    A start is hot up to `minimum_h` + `cold_after_h` hours after the stop, cold later. `initial_h`
    is how many hours the unit has been on before the first hour, negative if off.

    Raises:
        InvalidInput: a number is negative or not finite, or the unit is initially neither on nor
            off.
    """

    minimum_h: int
    hot_start: float
    cold_start: float
    cold_after_h: int
    initial_h: int

    def __post_init__(self) -> None:
        for field in ("minimum_h", "hot_start", "cold_start", "cold_after_h"):
            value = getattr(self, field)
            if not (np.isfinite(value) and value >= 0):
                raise InvalidInput(field=field, reason=f"expected at least 0, was {value}")
        if self.initial_h == 0:
            raise InvalidInput(field="initial_h", reason="expected hours on, or off if negative")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCost:
    """Hold what a schedule costs in $."""

    fuel: float
    start_up: float

    @property
    def total(self) -> float:
        return self.fuel + self.start_up


def schedule_cost(
    schedule: Flags,
    units: Sequence[Unit],
    cycling: Sequence[Cycling],
    loads_mw: Reals,
    reserve: float,
) -> ScheduleCost:
    """Return what a schedule (hours, n) costs with the best dispatch of each hour.

    Raises:
        InvalidInput: shapes disagree, an hour misses its load or reserve (a share of the load),
            or a unit stops or starts before its minimum hours are over.
    """
    hours, n = len(loads_mw), len(units)
    if schedule.shape != (hours, n) or len(cycling) != n:
        reason = f"expected shape {(hours, n)}, was {schedule.shape}"
        raise InvalidInput(field="schedule", reason=reason)
    fuel = sum(
        _fuel(hour, schedule[hour], units, float(loads_mw[hour]), reserve) for hour in range(hours)
    )
    start_up = sum(_start_up(unit, schedule[:, unit], cycling[unit]) for unit in range(n))
    return ScheduleCost(fuel=fuel, start_up=start_up)


def _fuel(
    hour: int, running: Flags, units: Sequence[Unit], load_mw: float, reserve: float
) -> float:
    capacity = float(running @ column(units, "maximum_mw"))
    required = load_mw * (1.0 + reserve)
    if required - capacity > ROUNDING_MW:
        reason = f"hour {hour + 1} needs {required:g} MW, {capacity:g} are running"
        raise InvalidInput(field="schedule", reason=reason)
    cost = float(fuel_costs(dispatch(running[None], units, load_mw), running[None], units)[0])
    if np.isnan(cost):
        reason = f"hour {hour + 1} cannot run down to {load_mw} MW"
        raise InvalidInput(field="schedule", reason=reason)
    return cost


def _start_up(unit: int, running: Flags, cycling: Cycling) -> float:
    on, lasted, total = cycling.initial_h > 0, abs(cycling.initial_h), 0.0
    for hour, now in enumerate(running.tolist()):
        if now == on:
            lasted += 1
            continue
        if lasted < cycling.minimum_h:
            reason = (
                f"unit {unit} changes in hour {hour + 1} after {lasted} h, "
                f"expected at least {cycling.minimum_h} h"
            )
            raise InvalidInput(field="schedule", reason=reason)
        if now:
            hot = lasted <= cycling.minimum_h + cycling.cold_after_h
            total += cycling.hot_start if hot else cycling.cold_start
        on, lasted = now, 1
    return total
