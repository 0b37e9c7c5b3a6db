"""Own a product's curve model: estimated on its past, then followed settlement by settlement."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, InvalidInput, ModelNotApplicable
from quant.schwartz_smith.chain import Chain
from quant.schwartz_smith.drift import DriftRule, DriftState, expected_change, follow_shocks
from quant.schwartz_smith.filtering import FilterState, filter_panel, update
from quant.schwartz_smith.fitting import FittedModel, fit
from quant.schwartz_smith.forecasting import LogForecast, forecast
from quant.schwartz_smith.panel import FuturesPanel, FuturesRow, Integers
from quant.schwartz_smith.parameters import (
    MODEL,
    SchwartzSmithModel,
    SchwartzSmithParameters,
)
from quant.schwartz_smith.season import MONTHS, log_season

Reals = NDArray[np.float64]

FEWEST_ROWS = 240
"""Name the daily rows that an estimate needs: about a year."""

SEASONAL_PRODUCTS = frozenset({"NG", "HO", "RB", "G", "NBP", "TTF", "PJM", "DEB"})
"""Name the products whose delivery months differ for good: heating and driving seasons."""

_ROWS_OF_A_WEEK = 5
_LEAST_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveModel:
    """Hold what is estimated once and kept until the next estimate.

    `season` (12,) is what each delivery month adds to the log price, January first; `far_years`
    is the time to expiry that stands for the curve's far end.

    Raises:
        InvalidInput: there are not twelve finite months, or `far_years` is negative.
    """

    product: str
    model: SchwartzSmithModel
    season: tuple[float, ...]
    far_years: float
    rule: DriftRule

    def __post_init__(self) -> None:
        if len(self.season) != MONTHS or not bool(np.isfinite(self.season).all()):
            raise InvalidInput(field="season", reason="expected twelve finite numbers")
        if not (np.isfinite(self.far_years) and self.far_years >= 0.0):
            raise InvalidInput(
                field="far_years", reason=f"expected at least 0, was {self.far_years}"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the model as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the model that `to_json` was called on."""
        model = values["model"]
        return cls(
            product=values["product"],
            model=SchwartzSmithModel(
                parameters=SchwartzSmithParameters(**model["parameters"]),
                noises=tuple(model["noises"]),
            ),
            season=tuple(values["season"]),
            far_years=values["far_years"],
            rule=DriftRule(**values["rule"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveState:
    """Hold what moves with each settlement: plain numbers, which JSON carries bit for bit."""

    filter: FilterState
    drift: DriftState

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the state that `to_json` was called on."""
        return cls(filter=FilterState(**values["filter"]), drift=DriftState(**values["drift"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedCurve:
    """Hold a curve model, its state after the last row it was trained on, and the estimate."""

    curve: CurveModel
    state: CurveState
    estimate: FittedModel


def train(
    chain: Chain,
    *,
    rule: DriftRule | None = None,
    first: SchwartzSmithModel | None = None,
    starts: int = 1,
    seed: int = 0,
    errors: bool = False,
) -> TrainedCurve:
    """Estimate a curve model on a chain, daily rows of some years, and filter it to its end.

    The season comes first, then maximum likelihood on each fifth row: daily changes of a curve
    hold hardly more about its parameters and take five times as long. `first` is where the search
    begins, such as the last estimate.

    Raises:
        HistoryTooShort: the chain has fewer than `FEWEST_ROWS` rows, or `fit` says so.
        ModelNotApplicable: as `fit`.
    """
    if len(chain.dates) < FEWEST_ROWS:
        raise HistoryTooShort(subject=MODEL, needed=FEWEST_ROWS, found=len(chain.dates))
    season = np.zeros(MONTHS)
    if chain.product in SEASONAL_PRODUCTS:
        season = log_season(chain.panel.log_prices, chain.panel.years, chain.months)
    panel = without_season(chain.panel, chain.months, season)
    estimate = fit(
        panel.every(_ROWS_OF_A_WEEK), first=first, starts=starts, seed=seed, errors=errors
    )
    curve = CurveModel(
        product=chain.product,
        model=estimate.model,
        season=tuple(season.tolist()),
        far_years=float(chain.panel.years[-1, -1]),
        rule=DriftRule() if rule is None else rule,
    )
    filtered = filter_panel(curve.model, panel)
    # a vague beginning is no shock: the first row is what the second is measured against
    chi_shocks, far_shocks = shocks(curve, filtered.means[:-1], filtered.means[1:], panel.steps[1:])
    drift = DriftState(
        signal=0.0,
        chi_variance=_variance(chi_shocks),
        far_variance=_variance(far_shocks),
        usual_far_variance=_variance(far_shocks),
    )
    for chi, far in zip(chi_shocks.tolist(), far_shocks.tolist(), strict=True):
        drift = follow_shocks(curve.rule, drift, chi, far)
    state = CurveState(filter=filtered.last, drift=drift)
    return TrainedCurve(curve=curve, state=state, estimate=estimate)


def follow(curve: CurveModel, state: CurveState, row: FuturesRow, months: Integers) -> CurveState:
    """Return the state after one more settlement of the curve; `state` is left as it is.

    `row` holds log prices with their season, `months` (cells,) the delivery months 0…11.

    Raises:
        InvalidInput: as `filtering.update`.
    """
    plain = FuturesRow(
        log_prices=row.log_prices - np.array(curve.season)[months],
        years=row.years,
        groups=row.groups,
        step=row.step,
    )
    after = update(curve.model, state.filter, plain)
    chi, far = shocks(curve, state.filter.mean[None], after.mean[None], np.array([row.step]))
    return CurveState(
        filter=after, drift=follow_shocks(curve.rule, state.drift, float(chi[0]), float(far[0]))
    )


def changes_ahead(
    curve: CurveModel, state: CurveState, chain: Chain, days: Sequence[int]
) -> tuple[Reals, CurveState]:
    """Follow a chain from `state` on; return what is expected after each row, and the last state.

    The first has shape (rows, horizons): the change of every log price over `days` business days.

    Raises:
        InvalidInput: as `filtering.filter_panel`.
    """
    panel = without_season(chain.panel, chain.months, np.array(curve.season))
    filtered = filter_panel(curve.model, panel, state.filter)
    before = np.vstack([state.filter.mean, filtered.means[:-1]])
    chi_shocks, far_shocks = shocks(curve, before, filtered.means, panel.steps)
    drift, changes = state.drift, []
    for chi, far in zip(chi_shocks.tolist(), far_shocks.tolist(), strict=True):
        drift = follow_shocks(curve.rule, drift, chi, far)
        changes.append([expected_change(curve.rule, drift, ahead) for ahead in days])
    return np.array(changes), CurveState(filter=filtered.last, drift=drift)


def forecast_prices(curve: CurveModel, state: CurveState, prices: Reals, days: int) -> Reals:
    """Return the median price of each contract `days` business days ahead, shape of `prices`.

    F · e^change: a contract starts from its own price of today, so that what the model does not
    fit is no error of the forecast, and moves with the whole curve. A price that is not positive
    stays as it is.

    Raises:
        InvalidInput: `days` is negative.
    """
    growth = exp(expected_change(curve.rule, state.drift, days))
    median: Reals = np.where(prices > 0.0, prices * growth, prices)
    return median


def forecast_contracts(
    curve: CurveModel, state: CurveState, prices: Reals, years: Reals, days: int
) -> LogForecast:
    """Forecast contracts (cells,) `days` business days ahead, with medians of `forecast_prices`.

    `years` (cells,) are what will be left to expiry then. Changes of log prices have the model's
    covariance over that time; errors of measurement and of the filter's state are no part of it.

    Raises:
        ModelNotApplicable: a price is not positive.
        InvalidInput: a price is missing, shapes disagree, `days` is negative, or a time to expiry
            is negative or not finite.
    """
    if bool((prices <= 0.0).any()):
        raise ModelNotApplicable(
            model=MODEL, reason="a price is not positive: use a model of dollar changes for it"
        )
    if prices.shape != years.shape or not bool(np.isfinite(prices).all()):
        raise InvalidInput(field="prices", reason="expected a finite price for each of `years`")
    exactly = FilterState(
        chi=state.filter.chi,
        xi=state.filter.xi,
        chi_variance=0.0,
        covariance=0.0,
        xi_variance=0.0,
    )
    return LogForecast(
        mean=np.log(forecast_prices(curve, state, prices, days)),
        covariance=forecast(curve.model, exactly, days, years).covariance,
    )


def shocks(curve: CurveModel, before: Reals, after: Reals, steps: Reals) -> tuple[Reals, Reals]:
    """Return the shocks (rows,) to χ and to the log price at the far end, from filtered means.

    `before` and `after` (rows, 2) are means of (χ, ξ) a step apart: what χ and the far price moved
    beyond what the model expects.
    """
    parameters = curve.model.parameters
    chi = after[:, 0] - np.exp(-parameters.kappa * steps) * before[:, 0]
    xi = after[:, 1] - before[:, 1] - parameters.mu_xi * steps
    far: Reals = np.exp(-parameters.kappa * curve.far_years) * chi + xi
    return chi, far


def without_season(panel: FuturesPanel, months: Integers, season: Reals) -> FuturesPanel:
    """Return a panel (rows, cells) without what its delivery `months` add."""
    return FuturesPanel(
        log_prices=panel.log_prices - season[months],
        years=panel.years,
        steps=panel.steps,
        groups=panel.groups,
    )


def _variance(values: Reals) -> float:
    return max(float(np.square(values).mean()), _LEAST_VARIANCE)
