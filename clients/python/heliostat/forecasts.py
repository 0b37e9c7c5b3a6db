"""Own the typed forecasts, volatilities and model cards, and their way to a data frame."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from heliostat.frames import require_packages
from heliostat.models import Model

if TYPE_CHECKING:
    import pandas as pd


class ModelNote(Model):
    """Tell one fallback or limit of an answer; `code` is stable."""

    code: str
    detail: str


class HorizonForecast(Model):
    """Hold what is expected of a settlement `horizon` business days ahead, on the day `date`.

    `quantiles` stand in the order of the forecast's `levels`; `volatility` is the standard
    deviation of the change until then. `is_after_expiry`: the contract trades no more then.
    """

    horizon: int
    date: date
    quantiles: tuple[Decimal, ...]
    volatility: Decimal
    is_after_expiry: bool = False


class ContractForecast(Model):
    """Hold the forecasts of one contract, YYYYMM, that start from its `settlement` of `settled_on`.

    `fitted` is the curve model's own price of that day, None without a curve model.
    """

    position: int
    contract: str
    symbol: str
    last_trade_date: date
    settlement: Decimal
    settled_on: date
    fitted: Decimal | None = None
    forecasts: tuple[HorizonForecast, ...]


class Published(Model):
    """Tell which publication of a model an answer is; prices are in `unit`, such as USD/bbl.

    `version` rises with each publication of a product; `fit_id` is the estimate, which the model
    card describes. `is_final`: every settlement of `as_of` was final.
    """

    product: str
    source: str
    as_of: date
    version: int
    fit_id: str
    is_final: bool
    issued_at: datetime
    currency: str
    price_unit: str
    unit: str
    notes: tuple[ModelNote, ...] = ()

    def _about(self) -> dict[str, Any]:
        return self.model_dump(include={"product", "source", "as_of", "version", "unit"})


class Forecast(Published):
    """Hold the distributions of settlements to come, contract by contract, horizon by horizon."""

    levels: tuple[float, ...]
    horizons: tuple[int, ...]
    contracts: tuple[ContractForecast, ...]

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame by contract and horizon, prices as numbers, a column a level.

        `attrs` says what they are.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        require_packages()
        import pandas as pd

        rows = [
            {
                "contract": one.contract,
                "horizon": ahead.horizon,
                "date": ahead.date,
                "settlement": float(one.settlement),
                "volatility": float(ahead.volatility),
                **dict(zip(self.levels, map(float, ahead.quantiles), strict=True)),
            }
            for one in self.contracts
            for ahead in one.forecasts
        ]
        columns = ["contract", "horizon", "date", "settlement", "volatility", *self.levels]
        frame = pd.DataFrame(rows, columns=columns)
        frame["date"] = pd.to_datetime(frame["date"])
        frame = frame.set_index(["contract", "horizon"])
        frame.attrs |= self._about()
        return frame


class ScenarioContract(Model):
    """Name a contract of scenario paths; they go on after its `last_trade_date`, in the next."""

    contract: str
    symbol: str
    last_trade_date: date


class Scenarios(Published):
    """Hold paths; each has, for each of `dates`, a price for each of `contracts`, in their order.

    Contracts move together along a path; paths are equally likely.
    """

    seed: int
    dates: tuple[date, ...]
    contracts: tuple[ScenarioContract, ...]
    paths: tuple[tuple[tuple[Decimal, ...], ...], ...]

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame by path, from 1, and date, prices as numbers, a column a contract.

        `attrs` says what they are.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        require_packages()
        import pandas as pd

        days = pd.to_datetime(list(self.dates))
        index = pd.MultiIndex.from_product(
            [range(1, len(self.paths) + 1), days], names=["path", "date"]
        )
        rows = [[float(price) for price in day] for path in self.paths for day in path]
        frame = pd.DataFrame(rows, index=index, columns=[one.symbol for one in self.contracts])
        frame.attrs |= self._about() | {"seed": self.seed}
        return frame


class VolatilityPart(Model):
    """Hold what one model expects of the next day, in price units, and how much it weighs."""

    name: str
    weight: float
    volatility: Decimal


class ContractVolatility(Model):
    """Hold how much a contract moves: `daily` in price units, `annual` as a fraction of its price.

    `annual` is None where the price is not positive; `samuelson` is what the term structure of
    volatility gives for `years_to_expiry`, annual too.
    """

    position: int
    contract: str
    symbol: str
    years_to_expiry: float
    daily: Decimal
    annual: float | None = None
    samuelson: float | None = None
    parts: tuple[VolatilityPart, ...] = ()


class Volatility(Published):
    """Hold the volatility of each contract on the curve, front month first."""

    contracts: tuple[ContractVolatility, ...]

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame by contract; `attrs` says what it holds.

        Raises:
            NotInstalled: pandas or pyarrow is not there.
        """
        require_packages()
        import pandas as pd

        frame = pd.DataFrame([one.model_dump(exclude={"parts"}) for one in self.contracts])
        numbers = dict.fromkeys(("daily", "annual", "samuelson"), "float64")
        frame = frame.astype(numbers).set_index("contract")
        frame.attrs |= self._about()
        return frame


class ModelStatus(Model):
    """Tell how a model stands after so many `observations`, the days that it has seen.

    `waiting` says what it lacks, None while it forecasts; `fit_error` why the last estimate
    failed, None if it did not. Of a model that does not answer only `waiting` is known.
    """

    product: str
    source: str | None = None
    as_of: date | None = None
    version: int
    fit_id: str | None = None
    observations: int
    is_fitting: bool
    waiting: str | None = None
    fit_error: str | None = None


class SkillScore(Model):
    """Hold a walk-forward score beside a baseline's; lower is better.

    `low` to `high` holds the difference, ours less the baseline's, with 95 % confidence.
    """

    metric: str
    horizon: int
    ours: float
    baseline: float
    baseline_name: str
    low: float | None = None
    high: float | None = None


class ModelCard(Model):
    """Hold what a model was made from and how well it did.

    `recorded_until` is the vintage: no settlement stored later has been seen. `scores` are of the
    days from `scored_from` on.
    """

    product: str
    source: str
    fit_id: str
    code_version: str
    fitted_at: datetime
    history_sources: tuple[str, ...]
    first_day: date
    last_day: date
    observations: int
    recorded_until: datetime
    log_likelihood: float | None = None
    parameters: dict[str, float | None]
    standard_errors: dict[str, float | None]
    details: dict[str, Any]
    scored_from: date | None = None
    scores: tuple[SkillScore, ...] = ()
    notes: tuple[ModelNote, ...] = ()


class ForecastModel(Model):
    """Hold how a product's model stands, and its card; that is None before the first fit."""

    status: ModelStatus
    card: ModelCard | None = None
