"""Own the typed risk of a book, and its way to a data frame; all of it is in dollars."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from heliostat.forecasts import ModelNote
from heliostat.frames import require_packages
from heliostat.models import Model

if TYPE_CHECKING:
    import pandas as pd


class ExpiredContract(Model):
    """Tell of a contract, or an option on it, that traded no more and is valued as nothing."""

    position: int
    contract: str
    is_option: bool
    last_traded: date


class StalePrice(Model):
    """Tell of a price that nobody set lately: business days old, or repeated so many times."""

    contract: str
    settled_on: date
    age_days: int
    repeats: int


class EstimatedVolatility(Model):
    """Tell of an option valued at a volatility of past changes, in points of the price per year.

    `given` is one under Black-76 that could not be used, as a price or strike is not above 0.
    """

    position: int
    contract: str
    model: str
    volatility: float
    days: int
    given: float | None = None


class RiskMarket(Model):
    """Hold where the prices of an answer are from, and what is doubtful about them.

    Positions are counted from 1. `absent` are business days without any settlement, by product.
    """

    book: str | None = None
    version: int | None = None
    as_of: date
    sources: dict[str, str]
    recorded_until: datetime
    expired: tuple[ExpiredContract, ...] = ()
    stale: tuple[StalePrice, ...] = ()
    volatilities: tuple[EstimatedVolatility, ...] = ()
    absent: dict[str, tuple[date, ...]]
    ignored_rows: dict[str, int]
    notes: tuple[ModelNote, ...] = ()


class RiskEstimate(Model):
    """Hold a loss and its 95 % interval; where nothing was simulated there is none."""

    estimate: float
    error: float | None = None
    low: float | None = None
    high: float | None = None


class RiskPart(Model):
    """Hold a part of both measures; parts of one kind add up to them."""

    value_at_risk: float
    expected_shortfall: float


class PositionRisk(RiskPart):
    """Hold the part of a position, counted from 1."""

    position: int
    label: str


class ContractRisk(RiskPart):
    """Hold the part of a contract, its price, and the book's dollars per point of it.

    The marginal measures are what one dollar per point more would add.
    """

    contract: str
    price: float
    delta: float
    marginal_value_at_risk: float
    marginal_expected_shortfall: float


class ProductRisk(RiskPart):
    """Hold the part of all contracts of a product."""

    product: str


class RiskLevel(Model):
    """Hold what may be lost at a level, split three ways; `added` is what additions would add."""

    level: float
    value_at_risk: RiskEstimate
    expected_shortfall: RiskEstimate
    positions: tuple[PositionRisk, ...]
    contracts: tuple[ContractRisk, ...]
    products: tuple[ProductRisk, ...]
    added: RiskPart | None = None


class RiskWindow(Model):
    """Tell from which days was learnt, and which could not be used.

    `left_out` days lacked a price of some contract, counted in `missing`; on `uncommon` days some
    products settled and others did not.
    """

    first: date
    last: date
    days: int
    asked: int
    left_out: int
    missing: dict[str, int]
    uncommon_days: int
    uncommon: tuple[date, ...] = ()


class ProfitDistribution(Model):
    """Count the profits of all scenarios between `edges`."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class BookRisk(Model):
    """Hold how much a book may lose over a horizon of business days.

    `distribution` is None where nothing was simulated. In `floored_scenarios` a price under
    Black-76 fell to 0 or below.
    """

    market: RiskMarket
    method: str
    horizon_days: int
    window: RiskWindow
    scenarios: int
    floored_scenarios: int
    seed: int | None = None
    levels: tuple[RiskLevel, ...]
    distribution: ProfitDistribution | None = None

    def to_frame(
        self, by: Literal["positions", "contracts", "products"] = "positions"
    ) -> "pd.DataFrame":
        """Return the parts of all levels as a data frame; `attrs` says what it holds.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        rows = (
            {"level": level.level, **part.model_dump()}
            for level in self.levels
            for part in getattr(level, by)
        )
        return _frame(rows, self.market, method=self.method, horizon_days=self.horizon_days)


class CurveShock(Model):
    """Move a product's curve by `values` at `positions`, in points or percent of the price."""

    product: str
    unit: str
    positions: tuple[int, ...] = (1,)
    values: tuple[float, ...]


class VolatilityShock(Model):
    """Move every volatility of a product, by points (0.10 is from 30 % to 40 %) or percent."""

    product: str
    unit: str
    value: float


class Stress(Model):
    """Hold a scenario: its shocks, when it was, if ever, and where its figures are from."""

    name: str
    title: str | None = None
    first: date | None = None
    last: date | None = None
    curves: tuple[CurveShock, ...] = ()
    volatilities: tuple[VolatilityShock, ...] = ()
    origin: str = ""


class StressedPosition(Model):
    """Hold what a position, counted from 1, gains."""

    position: int
    label: str
    profit: float


class StressedContract(Model):
    """Hold how far a contract moves, in points of its price."""

    contract: str
    price: float
    change: float


class StressOutcome(Model):
    """Hold what a book gains in a scenario, which says nothing about `untouched` contracts.

    At `floored` ones a price under Black-76 falls to 0 or below.
    """

    name: str
    title: str
    profit: float
    positions: tuple[StressedPosition, ...]
    contracts: tuple[StressedContract, ...]
    untouched: tuple[str, ...] = ()
    floored: tuple[str, ...] = ()


class StressedBook(Model):
    """Hold what a book gains in scenarios."""

    market: RiskMarket
    outcomes: tuple[StressOutcome, ...]

    def to_frame(self) -> "pd.DataFrame":
        """Return a row by scenario and position; `attrs` says what it holds.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        rows = (
            {"stress": outcome.name, **part.model_dump()}
            for outcome in self.outcomes
            for part in outcome.positions
        )
        return _frame(rows, self.market)


class ProfitCauses(Model):
    """Hold a profit by cause; they add up to `total`. `deals` is of what was traded since."""

    delta: float
    gamma: float
    vega: float
    theta: float
    deals: float
    unexplained: float
    total: float


class ExplainedPosition(ProfitCauses):
    """Hold the profit of a position, counted from 1; `ended` is its last day, if before the end."""

    position: int
    label: str
    ended: date | None = None


class ExplainedDeal(ProfitCauses):
    """Hold the profit of a deal, counted from 1."""

    deal: int
    label: str


class ExplainedBook(Model):
    """Hold where a book's profit between two days came from."""

    market: RiskMarket
    since: date
    until: date
    total: ProfitCauses
    positions: tuple[ExplainedPosition, ...]
    deals: tuple[ExplainedDeal, ...] = ()

    def to_frame(self) -> "pd.DataFrame":
        """Return a row by position, then by deal; `attrs` says what it holds.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        rows = (row.model_dump() for row in (*self.positions, *self.deals))
        return _frame(rows, self.market, since=str(self.since), until=str(self.until))


class LikelihoodRatio(Model):
    """Hold a statistic; above `limit`, as once in twenty times, the model is rejected."""

    statistic: float
    degrees_of_freedom: int
    limit: float
    p_value: float
    is_rejected: bool


class TrafficLight(Model):
    """Hold the zone of the Basel Committee; `factor` is stated for 250 days at 99 % only."""

    zone: str
    cumulative_probability: float
    factor: float | None = None


class ShortfallTest(Model):
    """Hold the tests of Acerbi and Székely, below 0 where the shortfall was too small."""

    conditional: float
    conditional_p_value: float
    unconditional: float
    unconditional_p_value: float
    degrees_of_freedom: float | None = None


class BacktestDay(Model):
    """Hold what was forecast the day before, and what today's book would have gained."""

    date: date
    profit: float
    value_at_risk: float
    expected_shortfall: float
    is_exception: bool


class RiskBacktest(Model):
    """Hold how the value at risk of today's book would have done over past days."""

    market: RiskMarket
    method: str
    level: float
    window_days: int
    observations: int
    exceptions: int
    expected_exceptions: float
    kupiec: LikelihoodRatio
    independence: LikelihoodRatio
    christoffersen: LikelihoodRatio
    traffic_light: TrafficLight
    acerbi_szekely: ShortfallTest
    days: tuple[BacktestDay, ...]

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame by date; `attrs` says what it holds.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        rows = (day.model_dump() for day in self.days)
        frame = _frame(rows, self.market, method=self.method, level=self.level)
        return frame.set_index("date")


def _frame(rows: Iterable[dict[str, Any]], market: RiskMarket, **about: object) -> "pd.DataFrame":
    require_packages()
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    named = market.model_dump(include={"book", "version", "sources"})
    frame.attrs |= {**named, "as_of": str(market.as_of), **about}
    return frame
