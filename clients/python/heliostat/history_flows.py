"""Own the conversations about histories, spreads, seasons and the prices between contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypedDict

from heliostat.answers import query, segment
from heliostat.conversation import Conversation
from heliostat.effects import Call, Flow
from heliostat.histories import CurvePrices, History, Seasonality, Spread

Adjustment = Literal["none", "difference", "ratio"]
Anchor = Literal["backward", "forward"]
Interpolation = Literal["linear", "log-linear", "monotone-cubic"]
SeasonLength = Literal["month", "day"]
Deviation = Literal["difference", "ratio"]


class DateOptions(TypedDict, total=False):
    """Name the dates, both included, and the source to read; unset: the latest of the live one."""

    first: date | str | None
    last: date | str | None
    source: str | None


class HistoryOptions(DateOptions, total=False):
    """Name a series: one of `symbol` (c.0), `contract` (202612) and `position`; and how it rolls.

    `adjust` takes out the jump of a roll, so that the prices at the `anchor` stay; `days_early`
    are business days before the last trade date.
    """

    symbol: str | None
    contract: str | None
    position: int | None
    adjust: Adjustment
    anchor: Anchor
    days_early: int


class SpreadOptions(DateOptions, total=False):
    """Name the `product`: of a calendar spread, the crude of a crack, the power of a spark spread.

    `positions` are two for a calendar spread, `1-12`, one for others. `years` are in the band.
    `cointegration` tests whether the legs keep together, where there are two. The rest is of spark
    spreads: MMBtu of `gas` for a MWh, tonnes of carbon for one, what one of the gas's and of the
    carbon's currency is worth in the power's, and the source of each.
    """

    product: str | None
    positions: str | int | None
    years: int
    cointegration: bool | None
    gas: str | None
    heat_rate: float | None
    emission: float | None
    exchange_rate: float | None
    carbon_exchange_rate: float | None
    power_source: str | None
    gas_source: str | None
    carbon_source: str | None


class SeasonOptions(DateOptions, total=False):
    """Name a `position`, whether its seasons are months or days, and how they depart."""

    position: int
    by: SeasonLength
    deviation: Deviation
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFlows(Conversation):
    """Make the flows about what settled."""

    def history(self, product: str, asked: HistoryOptions) -> Flow[History]:
        params = (
            *_dates(asked),
            *query(
                symbol=asked.get("symbol"),
                contract=asked.get("contract"),
                position=asked.get("position"),
                adjust=asked.get("adjust"),
                anchor=asked.get("anchor"),
                days_early=asked.get("days_early"),
            ),
        )
        return self._fetch(History, _get(f"products/{segment(product)}/history", params))

    def spread(self, name: str, asked: SpreadOptions) -> Flow[Spread]:
        params = (
            *_dates(asked),
            *query(
                product=asked.get("product"),
                positions=asked.get("positions"),
                years=asked.get("years"),
                cointegration=asked.get("cointegration"),
                gas=asked.get("gas"),
                heat_rate=asked.get("heat_rate"),
                emission=asked.get("emission"),
                exchange_rate=asked.get("exchange_rate"),
                carbon_exchange_rate=asked.get("carbon_exchange_rate"),
                power_source=asked.get("power_source"),
                gas_source=asked.get("gas_source"),
                carbon_source=asked.get("carbon_source"),
            ),
        )
        return self._fetch(Spread, _get(f"spreads/{segment(name)}", params))

    def seasonality(self, product: str, asked: SeasonOptions) -> Flow[Seasonality]:
        params = (
            *_dates(asked),
            *query(
                position=asked.get("position"),
                by=asked.get("by"),
                deviation=asked.get("deviation"),
                coverage=asked.get("coverage"),
            ),
        )
        return self._fetch(Seasonality, _get(f"products/{segment(product)}/seasonality", params))

    def curve_prices(
        self,
        product: str,
        on: Sequence[date | str],
        interpolation: Interpolation,
        as_of: date | str | None,
        source: str | None,
    ) -> Flow[CurvePrices]:
        days = tuple(("on", str(day)) for day in on)
        params = query(interpolation=interpolation, as_of=as_of, source=source)
        call = _get(f"products/{segment(product)}/curve/prices", (*days, *params))
        return self._fetch(CurvePrices, call)


def _get(path: str, params: tuple[tuple[str, str], ...]) -> Call:
    return Call(method="GET", path=f"/v1/{path}", params=params)


def _dates(asked: DateOptions) -> tuple[tuple[str, str], ...]:
    dates = {"from": asked.get("first"), "to": asked.get("last"), "source": asked.get("source")}
    return query(**dates)
