"""Own the settlements of a trade date as a model sees them, whatever the order they came in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self

from core.market import ContractMonth, Settlement, SettlementStage


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Hold one settlement price; `announced_ns` is None where the venue did not say when."""

    price: float
    stage: SettlementStage
    announced_ns: int | None = None

    def is_replaced_by(self, other: "Observed") -> bool:
        """Tell whether a later word on the same contract and date changes this one.

        The rule is that of the stored settlements: nothing older than this, and no preliminary
        price after a final one.
        """
        if (
            other.announced_ns is not None
            and self.announced_ns is not None
            and other.announced_ns < self.announced_ns
        ):
            return False
        is_other = other.price != self.price
        if self.stage is SettlementStage.PRELIMINARY:
            return is_other or other.stage is not SettlementStage.PRELIMINARY
        return is_other and other.stage is not SettlementStage.PRELIMINARY

    def then(self, other: "Observed") -> "Observed":
        """Return what holds after a later word."""
        if not self.is_replaced_by(other):
            return self
        is_correction = self.stage is not SettlementStage.PRELIMINARY
        return replace(other, stage=SettlementStage.CORRECTED) if is_correction else other


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledDay:
    """Hold what is known of one trade date, by contract month."""

    trade_date: date
    settlements: Mapping[ContractMonth, Observed]

    def with_observed(self, observed: Mapping[ContractMonth, Observed]) -> "SettledDay":
        """Return the day after further words; itself where they change nothing."""
        merged = dict(self.settlements)
        for month, one in observed.items():
            held = merged.get(month)
            merged[month] = one if held is None else held.then(one)
        if merged == self.settlements:
            return self
        return SettledDay(trade_date=self.trade_date, settlements=merged)

    def is_final(self, months: Iterable[ContractMonth]) -> bool:
        """Tell whether every one of these contracts has a price that is not preliminary."""
        found = [self.settlements.get(month) for month in months]
        return all(
            one is not None and one.stage is not SettlementStage.PRELIMINARY for one in found
        )

    def to_json(self) -> dict[str, Any]:
        """Return the day as JSON-ready values."""
        return {
            "trade_date": self.trade_date.isoformat(),
            "settlements": [
                [str(month), one.price, one.stage.value, one.announced_ns]
                for month, one in sorted(self.settlements.items())
            ],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the day that `to_json` was called on."""
        return cls(
            trade_date=date.fromisoformat(values["trade_date"]),
            settlements={
                ContractMonth.parse(month): Observed(
                    price=float(price), stage=SettlementStage(stage), announced_ns=announced_ns
                )
                for month, price, stage, announced_ns in values["settlements"]
            },
        )


def settled_days(settlements: Sequence[Settlement]) -> tuple[SettledDay, ...]:
    """Group announced settlements of one product by trade date, ascending."""
    days: dict[date, SettledDay] = {}
    for one in settlements:
        day = days.get(one.trade_date) or SettledDay(trade_date=one.trade_date, settlements={})
        observed = Observed(price=float(one.price), stage=one.stage, announced_ns=one.event_ns)
        days[one.trade_date] = day.with_observed({one.instrument.contract_month: observed})
    return tuple(days[day] for day in sorted(days))
