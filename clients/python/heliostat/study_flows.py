"""Own the conversations about studies: backtests of models, simulations of a book's risk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NotRequired, Required, TypedDict

from heliostat.book_flows import GivenPosition
from heliostat.effects import Flow
from heliostat.risk_flows import OfBook, RiskOptions
from heliostat.run_flows import Envelope, RunFlows, specification_of
from heliostat.runs import Run


class BacktestOptions(TypedDict, total=False):
    """Name what a backtest is asked; what is left out, the API decides.

    Each of `models` forecasts each day from `first` to `as_of` from the days before it, together or
    in periods of `period_months`; those with a window learn from each of `windows`, in days.
    `levels` are of quantiles, `confidences` of value at risk.
    """

    products: Required[Sequence[str]]
    positions: NotRequired[Sequence[int] | None]
    models: NotRequired[Sequence[str] | None]
    windows: NotRequired[Sequence[int] | None]
    horizons: NotRequired[Sequence[int] | None]
    first: NotRequired[date | str | None]
    as_of: NotRequired[date | str | None]
    period_months: NotRequired[int | None]
    levels: NotRequired[Sequence[float] | None]
    confidences: NotRequired[Sequence[float] | None]
    source: NotRequired[str | None]
    seed: NotRequired[int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFlows(RunFlows):
    """Make the flows of studies, each a run that is followed to its end."""

    def backtest(
        self, options: BacktestOptions, fresh: bool, on_submitted: Callable[[Run], None] | None
    ) -> Flow[Run]:
        asked = specification_of(None, options)
        return self.carried_out("backtest", asked, Envelope(fresh=fresh), on_submitted)

    def simulate_risk(
        self,
        of: OfBook,
        add: Sequence[GivenPosition],
        options: RiskOptions,
        fresh: bool,
        on_submitted: Callable[[Run], None] | None,
    ) -> Flow[Run]:
        book = {"book": of} if isinstance(of, str) else {"positions": list(of)}
        trades = {"add": list(add)} if add else {}
        asked = specification_of({**book, **trades}, options)
        return self.carried_out("risk", asked, Envelope(fresh=fresh), on_submitted)
