"""Own how a model follows its settlements: what comes late or anew is as if it had been in time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from quant.calendars import calendar_of, is_business_day
from quant.forecast.forecasts import LEAST_OBSERVATIONS
from quant.product_model.settled import SettledDay
from quant.product_model.state import ModelState, ProductFit, advance

KEPT_DAYS = 10
"""Be how many trade dates can still be corrected: those before are part of the state."""

FEWEST_DAYS = LEAST_OBSERVATIONS + KEPT_DAYS + 1
"""Be the trade dates that a model needs: below it waits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Following:
    """Hold an estimate, the state before the first kept day, and the days since, oldest first.

    `states` are those after each of `days`; the last of them is the model as it stands.
    """

    fit: ProductFit
    before: ModelState
    days: tuple[SettledDay, ...]
    states: tuple[ModelState, ...]

    @classmethod
    def of(cls, fit: ProductFit, days: Sequence[SettledDay]) -> Self:
        """Follow days from an estimate on; those that it has seen are passed over.

        Of two with one trade date the later in the sequence counts.
        """
        calendar = calendar_of(fit.product)
        found = {
            day.trade_date: day
            for day in days
            if day.trade_date > fit.begin.last_day and is_business_day(day.trade_date, calendar)
        }
        return cls._kept(fit, fit.begin, [found[on] for on in sorted(found)], [])

    @classmethod
    def _kept(
        cls,
        fit: ProductFit,
        before: ModelState,
        days: Sequence[SettledDay],
        states: Sequence[ModelState],
    ) -> Self:
        """Advance through the days that have no state yet, and keep the last ones."""
        after = list(states)
        for day in days[len(after) :]:
            after.append(advance(fit, after[-1] if after else before, day))
        gone = max(0, len(days) - KEPT_DAYS)
        return cls(
            fit=fit,
            before=after[gone - 1] if gone else before,
            days=tuple(days[gone:]),
            states=tuple(after[gone:]),
        )

    @property
    def state(self) -> ModelState:
        """Return the model after all that has settled."""
        return self.states[-1] if self.states else self.before

    @property
    def as_of(self) -> date:
        """Return the last trade date that was followed."""
        return self.days[-1].trade_date if self.days else self.before.last_day

    @property
    def today(self) -> SettledDay | None:
        """Return the last day, None where none was followed yet."""
        return self.days[-1] if self.days else None

    def follow(self, days: Sequence[SettledDay]) -> "Following":
        """Return the model after further words on some days; itself where nothing changes.

        Nothing changes with a day from before the kept ones, as `is_late` tells, or with one on
        which the product's exchange is closed.
        """
        calendar = calendar_of(self.fit.product)
        merged = {day.trade_date: day for day in self.days}
        for day in days:
            if not self.is_late(day) and is_business_day(day.trade_date, calendar):
                held = merged.get(day.trade_date)
                merged[day.trade_date] = (
                    day if held is None else held.with_observed(day.settlements)
                )
        ordered = [merged[on] for on in sorted(merged)]
        same = 0
        while same < min(len(self.days), len(ordered)) and ordered[same] is self.days[same]:
            same += 1
        if same == len(ordered):
            return self
        return self._kept(self.fit, self.before, ordered, self.states[:same])

    def is_late(self, day: SettledDay) -> bool:
        """Tell whether a day is part of the state and can no longer be corrected."""
        return day.trade_date <= self.before.last_day

    def under(self, fit: ProductFit, days: Sequence[SettledDay]) -> "Following":
        """Return the model under another estimate; `days` are of the time that it begins in.

        Of a day that is held here too, what is held counts.
        """
        return Following.of(fit, (*days, *self.days))

    def checkpoint(self) -> dict[str, Any]:
        """Return all but the last day, as JSON-ready values: it changes with a day, not within."""
        return {
            "before": self.before.to_json(),
            "days": [day.to_json() for day in self.days[:-1]],
        }

    @classmethod
    def restored(
        cls, fit: ProductFit, checkpoint: Mapping[str, Any], today: SettledDay | None
    ) -> Self:
        """Return the model that `checkpoint` was called on, to the last bit."""
        days = [SettledDay.from_json(day) for day in checkpoint["days"]]
        if today is not None:
            days.append(today)
        return cls._kept(fit, ModelState.from_json(checkpoint["before"]), days, [])

    def shares_checkpoint(self, other: "Following") -> bool:
        """Tell whether both have the same checkpoint."""
        return (
            self.fit is other.fit
            and self.before is other.before
            and self.as_of == other.as_of
            and self.days[:-1] == other.days[:-1]
        )
