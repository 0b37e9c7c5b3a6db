"""Own the conversations about the risk of books; nothing is changed, so each may be repeated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel
from pydantic_core import to_json

from heliostat.answers import segment
from heliostat.book_flows import GivenPosition
from heliostat.conversation import Conversation
from heliostat.effects import Call, Flow
from heliostat.option_flows import GreekOptions
from heliostat.risk import BookRisk, ExplainedBook, RiskBacktest, Stress, StressedBook

M = TypeVar("M", bound=BaseModel)

RiskMethod = Literal["historical", "filtered", "parametric", "monte_carlo"]
GivenStress: TypeAlias = Stress | Mapping[str, Any]
OfBook: TypeAlias = str | Sequence[GivenPosition]

_JSON = {"Content-Type": "application/json"}
# The API works for a minute at most, and says so itself.
_SILENCE_S = 90.0


class RiskOptions(GreekOptions, total=False):
    """Name the market, as for Greeks, and how losses are forecast.

    `levels` are such as 0.99; `window_days` past changes are learnt from. Monte Carlo, and horizons
    above a day, draw `paths` from the `seed`; `decay` weighs days, `degrees_of_freedom` make the
    normal a Student's t.
    """

    method: RiskMethod
    levels: Sequence[float]
    window_days: int
    horizon_days: int
    paths: int
    block_days: int
    seed: int
    degrees_of_freedom: float | None
    decay: float | None
    revaluation: Literal["full", "delta-gamma"]


class RiskBacktestOptions(GreekOptions, total=False):
    """Name the market, as for Greeks, and how each of the last `days` is forecast."""

    method: Literal["historical", "filtered", "parametric"]
    level: float
    window_days: int
    days: int
    degrees_of_freedom: float | None
    decay: float | None
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskFlows(Conversation):
    """Make the flows about risk."""

    def risk(self, of: OfBook, add: Sequence[GivenPosition], asked: RiskOptions) -> Flow[BookRisk]:
        return self._asked(BookRisk, of, "", {**asked, "add": _plain(add)})

    def stresses(self) -> Flow[tuple[Stress, ...]]:
        return self._items(Stress, Call(method="GET", path="/v1/stresses"))

    def stress(
        self,
        of: OfBook,
        stresses: Sequence[str] | None,
        custom: Sequence[GivenStress],
        asked: GreekOptions,
    ) -> Flow[StressedBook]:
        # what a listed stress tells beside its shocks is no part of a question
        own = [_plain_stress(one) for one in custom]
        return self._asked(
            StressedBook, of, "/stress", {**asked, "stresses": stresses, "custom": own}
        )

    def explain(
        self,
        of: OfBook,
        since: date | str,
        deals: Sequence[tuple[GivenPosition, float]],
        asked: GreekOptions,
    ) -> Flow[ExplainedBook]:
        traded = [
            {"position": position, "price": price}
            for position, (_, price) in zip(_plain([one for one, _ in deals]), deals, strict=True)
        ]
        body = {**asked, "since": str(since), "deals": traded}
        return self._asked(ExplainedBook, of, "/explain", body)

    def backtest_risk(self, of: OfBook, asked: RiskBacktestOptions) -> Flow[RiskBacktest]:
        return self._asked(RiskBacktest, of, "/backtest", asked)

    def _asked(self, model: type[M], of: OfBook, noun: str, asked: Mapping[str, Any]) -> Flow[M]:
        body = {name: value for name, value in asked.items() if value is not None}
        if isinstance(of, str):
            path = f"/v1/books/{segment(of)}/risk{noun}"
        else:
            path, body["positions"] = f"/v1/risk{noun}", _plain(of)
        call = Call(
            method="POST",
            path=path,
            headers=_JSON,
            body=to_json(body, exclude_none=True),
            silence_s=max(_SILENCE_S, self.timeouts.read_s),
        )
        return self._fetch(model, call)


def _plain(positions: Sequence[GivenPosition]) -> list[Any]:
    return [one if isinstance(one, BaseModel) else dict(one) for one in positions]


def _plain_stress(stress: GivenStress) -> dict[str, Any]:
    given = stress.model_dump() if isinstance(stress, BaseModel) else dict(stress)
    return {name: given[name] for name in given if name not in {"first", "last", "origin"}}
