"""Own the state of a density model of one product, and how a day of settlements changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput
from quant.forecast.day_effects import DayEffects
from quant.forecast.json_arrays import packed, unpacked
from quant.forecast.missing import fill_days, fill_missing
from quant.forecast.parameters import DensityParameters
from quant.forecast.residuals import Residuals, StandardisedChanges
from quant.forecast.tracking import TRACKED_LEVELS, QuantileTracker, exceedances
from quant.forecast.variance import VarianceState
from quant.volatility.changes import check_changes

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]

FIRST_DAYS = 22
_MODEL = "density model"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DensityState:
    """Hold all that a day of settlements changes.

    `changes` (days, series) are the last ones in price units, as many as `residuals` at most, the
    newest last. `residuals` are of changes over the standard deviations forecast for them.
    `thresholds` (levels, series) are the tracked quantiles of the next day, in standard deviations.
    `filled` counts changes that were missing and taken from a neighbour.
    """

    first_day: date
    as_of: date
    observations: int
    filled: int
    changes: Reals
    variance: VarianceState
    days: DayEffects
    residuals: Residuals
    tracker: QuantileTracker
    thresholds: Reals

    def standardised(self) -> StandardisedChanges:
        """Return the distribution of the next day's change in standard deviations."""
        return self.residuals.standardised(TRACKED_LEVELS, self.tracker.multipliers)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values, which hold every bit of it."""
        return {
            "first_day": self.first_day.isoformat(),
            "as_of": self.as_of.isoformat(),
            "observations": self.observations,
            "filled": self.filled,
            "changes": packed(self.changes),
            "variance": self.variance.to_json(),
            "days": self.days.to_json(),
            "residuals": self.residuals.to_json(),
            "tracker": self.tracker.to_json(),
            "thresholds": self.thresholds.tolist(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` was called on."""
        return cls(
            first_day=date.fromisoformat(values["first_day"]),
            as_of=date.fromisoformat(values["as_of"]),
            observations=values["observations"],
            filled=values["filled"],
            changes=unpacked(values["changes"]),
            variance=VarianceState.from_json(values["variance"]),
            days=DayEffects.from_json(values["days"]),
            residuals=Residuals.from_json(values["residuals"]),
            tracker=QuantileTracker.from_json(values["tracker"]),
            thresholds=np.array(values["thresholds"], dtype=np.float64),
        )


def begin(parameters: DensityParameters, dates: Sequence[date], changes: Reals) -> DensityState:
    """Return the state after the first 22 days of changes (22, series), in price units.

    Raises:
        InvalidInput: shapes disagree, or a number is infinite.
        HistoryTooShort: there are not 22 days, or not 22 with a change.
        ModelNotApplicable: the prices of a position never moved.
    """
    _check(parameters, dates, changes)
    if len(dates) != FIRST_DAYS:
        raise HistoryTooShort(subject=_MODEL, needed=FIRST_DAYS, found=len(dates))
    known = fill_days(changes)
    check_changes(known, subject=_MODEL, needed=FIRST_DAYS, dimensions=2)
    settings = parameters.settings
    variance = VarianceState.begin(parameters, known)
    residuals = Residuals.begin(
        (known / np.sqrt(variance.next_day())).T,
        settings.residual_window,
        settings.residual_half_life,
    )
    tracker = QuantileTracker(
        gains=settings.tracking_gains,
        leak=settings.tracking_leak,
        corrections=np.zeros((len(TRACKED_LEVELS), len(parameters.positions))),
    )
    spread = residuals.standardised(TRACKED_LEVELS, tracker.multipliers)
    return DensityState(
        first_day=dates[0],
        as_of=dates[-1],
        observations=FIRST_DAYS,
        filled=int(np.isnan(changes).sum()),
        changes=known,
        variance=variance,
        days=DayEffects.begin(parameters.product, settings.day_half_life, settings.prior_days),
        residuals=residuals,
        tracker=tracker,
        thresholds=spread.quantiles(TRACKED_LEVELS),
    )


def update(
    parameters: DensityParameters, state: DensityState, day: date, changes: Reals
) -> DensityState:
    """Return the state after a day's changes (series,) in price units; nan is a missing one.

    A missing change is taken from the nearest position; a day without any changes nothing.

    Raises:
        InvalidInput: the shape disagrees, a number is infinite, or the day is not after the last.
    """
    _check(parameters, [day], changes[None])
    if day <= state.as_of:
        raise InvalidInput(field="day", reason=f"expected after {state.as_of}, was {day}")
    if np.isnan(changes).all():
        return state
    factor = float(state.days.factors([day])[0])
    parts = state.variance.parts(1)
    deviations = np.sqrt(state.variance.combined(parts)[0])
    standardised, filled = fill_missing(changes / (factor * deviations))
    residuals = state.residuals.update(standardised)
    tracker = state.tracker.update(exceedances(standardised, state.thresholds))
    spread = residuals.standardised(TRACKED_LEVELS, tracker.multipliers)
    return DensityState(
        first_day=state.first_day,
        as_of=day,
        observations=state.observations + 1,
        filled=state.filled + filled,
        changes=np.concatenate(
            [state.changes[-residuals.window + 1 :], (standardised * factor * deviations)[None]]
        ),
        variance=state.variance.update(standardised * deviations, parts),
        days=state.days.update(day, factor * float(np.abs(standardised).mean())),
        residuals=residuals,
        tracker=tracker,
        thresholds=spread.quantiles(TRACKED_LEVELS),
    )


def replay(parameters: DensityParameters, dates: Sequence[date], changes: Reals) -> DensityState:
    """Return the state after all days (days, series): `begin`, then `update` for each.

    It begins with the first 22 days on which anything changed; the others say nothing.

    Raises:
        InvalidInput: shapes disagree, the dates do not rise, or a number is infinite.
        HistoryTooShort: there are fewer than 22 days with a change.
        ModelNotApplicable: the prices of a position did not move in the first 22 of these.
    """
    _check(parameters, dates, changes)
    state, first = begin_history(parameters, dates, changes)
    for day, row in zip(dates[first:], changes[first:], strict=True):
        state = update(parameters, state, day, row)
    return state


def begin_history(
    parameters: DensityParameters, dates: Sequence[date], changes: Reals
) -> tuple[DensityState, int]:
    """Return the state after the first 22 days on which anything changed, and the row after them.

    Raises:
        InvalidInput: shapes disagree, or a number is infinite.
        HistoryTooShort: there are fewer than 22 such days.
        ModelNotApplicable: the prices of a position never moved on them.
    """
    rows = days_with_a_change(changes)[:FIRST_DAYS]
    state = begin(parameters, [dates[row] for row in rows.tolist()], changes[rows])
    return state, int(rows[-1]) + 1


def days_with_a_change(changes: Reals) -> Indices:
    """Return the rows of changes (days, series) in which one is known: the others say nothing."""
    return np.flatnonzero(~np.isnan(changes).all(axis=1))


def with_parameters(state: DensityState, parameters: DensityParameters) -> DensityState:
    """Return the state under parameters fitted anew; what was observed stays as it is.

    Raises:
        InvalidInput: the parameters are of other positions.
    """
    if len(parameters.positions) != len(state.residuals.values):
        reason = f"expected {len(state.residuals.values)}, were {len(parameters.positions)}"
        raise InvalidInput(field="positions", reason=reason)
    return replace(state, variance=state.variance.with_parameters(parameters))


def _check(parameters: DensityParameters, dates: Sequence[date], changes: Reals) -> None:
    expected = (len(dates), len(parameters.positions))
    if changes.shape != expected:
        raise InvalidInput(
            field="changes", reason=f"expected shape {expected}, was {changes.shape}"
        )
    if np.isinf(changes).any():
        raise InvalidInput(field="changes", reason="expected finite numbers or nan")
