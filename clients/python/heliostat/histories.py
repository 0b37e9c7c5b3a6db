"""Own the typed histories, spreads, seasons and curve prices, and their way to a data frame."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import Field

from heliostat.frames import require_packages
from heliostat.models import IgnoredSettlement, Model

if TYPE_CHECKING:
    import pandas as pd


class HistoryPoint(Model):
    """Hold the price of one date and the contract, YYYYMM, that it belongs to."""

    date: date
    contract: str
    symbol: str
    price: Decimal


class Roll(Model):
    """Hold one change of contracts, made at the settlement of `on`.

    The prices are of `measured_on`, the last date until then on which both settled; `gap` is the
    price bought less the price sold. All are None if there is none.
    """

    on: date
    sold: str
    bought: str
    measured_on: date | None = None
    sold_price: Decimal | None = None
    bought_price: Decimal | None = None
    gap: Decimal | None = None


class History(Model):
    """Hold a continuous series, or one contract; prices are in `unit`, such as USD/bbl.

    `missing` are business days on which the contract held did not settle. `ignored` names some of
    `ignored_rows` stored settlements that could not be used.
    """

    product: str
    source: str
    symbol: str
    adjust: str
    anchor: str
    days_early: int
    currency: str
    price_unit: str
    unit: str
    points: tuple[HistoryPoint, ...]
    rolls: tuple[Roll, ...] = ()
    missing: tuple[date, ...] = ()
    ignored: tuple[IgnoredSettlement, ...] = ()
    ignored_rows: int = 0
    recorded_until: datetime

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame by date, prices as numbers; `attrs` says what they are.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        about = self.model_dump(include={"product", "source", "symbol", "adjust", "unit"})
        return _frame(self.points, "date", ("price",), about)


class SpreadSide(Model):
    """Hold one side of a spread: `weight` times a position, and its contract on the last date."""

    product: str
    position: int
    weight: float
    unit: str
    contract: str
    symbol: str
    price: Decimal


class SpreadPoint(Model):
    """Hold a spread on one date, and the band of the same calendar day of `years` before."""

    date: date
    value: Decimal
    years: int
    low: Decimal | None = None
    mean: Decimal | None = None
    high: Decimal | None = None


class Cointegration(Model):
    """Hold Engle and Granger's test of the first side = constant + ratio · the second + u.

    Below `limit` the statistic tells, at 5 %, that u comes back to 0, half of it within
    `half_life_days`.
    """

    statistic: float
    p_value: float
    limit: float
    is_cointegrated: bool
    ratio: float
    constant: float
    half_life_days: float | None = None
    observations: int


class Spread(Model):
    """Hold a spread by date; values are in `unit`, such as USD/bbl.

    `missing` are dates without a value, because a side did not settle. `sources` are by product.
    Of a spark spread `heat_rate` and `emission` are what it was made with. `cointegration` is of
    the dates of the points, None unless asked for.
    """

    name: str
    title: str
    source: str
    sources: dict[str, str] = Field(default_factory=dict)
    heat_rate: float | None = None
    emission: float | None = None
    currency: str
    price_unit: str
    unit: str
    legs: tuple[SpreadSide, ...]
    latest: SpreadPoint
    points: tuple[SpreadPoint, ...]
    missing: tuple[date, ...] = ()
    ignored: tuple[IgnoredSettlement, ...] = ()
    ignored_rows: int = 0
    recorded_until: datetime
    cointegration: Cointegration | None = None

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame by date, values as numbers; `attrs` says what they are.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        about = self.model_dump(include={"name", "title", "source", "unit"})
        return _frame(self.points, "date", ("value", "low", "mean", "high"), about)


class Season(Model):
    """Hold one month, `03`, or day, `03-31`: its mean departure, and how well that is known."""

    season: str
    mean: Decimal
    standard_error: Decimal
    low: Decimal
    high: Decimal


class Seasonality(Model):
    """Hold how far each season of a position is from the mean of its year.

    By difference it is in `unit`; by ratio 1.02 is 2 % above the year and `unit` is None.
    `low` to `high` covers the mean with the `coverage`.
    """

    product: str
    source: str
    position: int
    by: str
    deviation: str
    coverage: float
    currency: str | None = None
    price_unit: str | None = None
    unit: str | None = None
    years: tuple[int, ...]
    first: date
    last: date
    seasons: tuple[Season, ...]
    ignored: tuple[IgnoredSettlement, ...] = ()
    ignored_rows: int = 0
    recorded_until: datetime

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame by season, values as numbers; `attrs` says what they are.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        about = self.model_dump(include={"product", "source", "position", "deviation", "unit"})
        numbers = ("mean", "standard_error", "low", "high")
        return _frame(self.seasons, "season", numbers, about | {"years": list(self.years)})


class CurvePrice(Model):
    """Hold the price of a day on a curve; extrapolated, it is that of the nearest contract."""

    date: date
    price: Decimal
    is_extrapolated: bool


class CurvePrices(Model):
    """Hold prices between the contracts of a settled curve; prices are in `unit`."""

    product: str
    source: str
    as_of: date
    interpolation: str
    currency: str
    price_unit: str
    unit: str
    prices: tuple[CurvePrice, ...]


def _frame(
    rows: Iterable[Model], index: str, numbers: tuple[str, ...], about: dict[str, Any]
) -> "pd.DataFrame":
    require_packages()
    import pandas as pd

    frame = pd.DataFrame([row.model_dump() for row in rows])
    if index == "date":
        frame[index] = pd.to_datetime(frame[index])
    frame = frame.astype(dict.fromkeys(numbers, "float64")).set_index(index)
    frame.attrs |= about
    return frame
