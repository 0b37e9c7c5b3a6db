"""Own the estimate of a product's model: its two parts, and the state from which it is followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.errors import HistoryTooShort, ModelNotApplicable
from core.forecasts import ModelNote
from core.market import ContractMonth, SettlementStage
from quant.calendars import front_month
from quant.continuous import SettlementHistory, from_contract_months
from quant.contract_history import ContractHistory
from quant.forecast.card_scores import ScoredDensity, scored_density
from quant.forecast.fitting import LEAST_DAYS, fit_density
from quant.forecast.parameters import DensityParameters, usual_parameters
from quant.forecast.state import replay
from quant.product_model.curve_scores import ScoredCurve, scored_curve
from quant.product_model.following import FEWEST_DAYS, KEPT_DAYS
from quant.product_model.settled import Observed, SettledDay
from quant.product_model.state import POSITIONS, ModelState, ProductFit, Settled
from quant.schwartz_smith.chain import Chain, build_chain
from quant.schwartz_smith.curve_model import TrainedCurve, train

Reals = NDArray[np.float64]

CURVE_DAYS = 3 * 252
"""Be the trade dates that a curve model is estimated on, as in the walk that chose its rule."""

_ROLLED = 2  # contracts beyond the last position that a held change may need across a roll
_RECENT_DAYS = 60
_OFTEN = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimate:
    """Hold an estimate, the days after its beginning, and what a card tells of it.

    `trained` is None without a curve model. The scores of each part are None where too little
    history is left before the last year; `chain` is what the curve model was estimated on.
    """

    fit: ProductFit
    days: tuple[SettledDay, ...]
    trained: TrainedCurve | None
    observations: int
    chain: Chain
    curve_scores: ScoredCurve | None
    density_scores: ScoredDensity | None


def fit_product(history: ContractHistory, fit_id: UUID) -> Estimate:
    """Estimate a product's model on all but the last ten days, from which these are followed.

    Where no curve model can be estimated the product's goes without, and a note says why.

    Raises:
        HistoryTooShort: there are fewer than `FEWEST_DAYS` days.
        ModelNotApplicable: the prices of a position never moved.
    """
    dates = history.dates
    if len(dates) < FEWEST_DAYS:
        subject = f"model of {history.product}"
        raise HistoryTooShort(subject=subject, needed=FEWEST_DAYS, found=len(dates))
    cut = len(dates) - KEPT_DAYS
    positions = _followed_positions(history)
    changes = _by_position(history, cut, positions + _ROLLED).held_changes(positions)
    density, notes = _density(history.product, positions, dates[1:cut], changes)
    chain = _recent_chain(history, cut, positions)
    trained, why_none = _trained(chain)
    if why_none is not None:
        notes.append(why_none)
    fit = ProductFit(
        fit_id=fit_id,
        product=history.product,
        fitted_through=dates[cut - 1],
        density=density,
        curve=None if trained is None else trained.curve,
        begin=ModelState(
            last_day=dates[cut - 1],
            settled=_last_settled(history, cut),
            density=replay(density, dates[1:cut], changes),
            curve=None if trained is None else trained.state,
        ),
        notes=tuple(notes),
    )
    return Estimate(
        fit=fit,
        days=_days(history, cut),
        trained=trained,
        observations=cut,
        chain=chain,
        curve_scores=scored_curve(chain),
        density_scores=scored_density(history.product, density.positions, dates[1:cut], changes),
    )


def _followed_positions(history: ContractHistory) -> int:
    """Count the positions that settled on most of the last days, from the first on."""
    recent = from_contract_months(
        history.product,
        history.dates[-_RECENT_DAYS:],
        history.contract_months,
        history.settlements[-_RECENT_DAYS:],
        POSITIONS,
    )
    is_often = (~np.isnan(recent.settlements)).mean(axis=0) >= _OFTEN
    return max(1, int(np.argmin(np.append(is_often, False))))


def _by_position(history: ContractHistory, cut: int, positions: int) -> SettlementHistory:
    return from_contract_months(
        history.product,
        history.dates[:cut],
        history.contract_months,
        history.settlements[:cut],
        positions,
    )


def _density(
    product: str, positions: int, days: Sequence[date], changes: Reals
) -> tuple[DensityParameters, list[ModelNote]]:
    places = tuple(range(1, positions + 1))
    try:
        fitted = fit_density(product, places, days, changes)
    except HistoryTooShort:
        detail = f"GARCH and HAR have usual parameters until {LEAST_DAYS} days are known."
        return usual_parameters(product, places), [
            ModelNote(code="usual-parameters", detail=detail)
        ]
    if not fitted.fallbacks:
        return fitted, []
    detail = f"Usual parameters for {', '.join(fitted.fallbacks)}, whose fit failed."
    return fitted, [ModelNote(code="usual-parameters", detail=detail)]


def _recent_chain(history: ContractHistory, cut: int, positions: int) -> Chain:
    first = max(0, cut - CURVE_DAYS)
    recent = from_contract_months(
        history.product,
        history.dates[first:cut],
        history.contract_months,
        history.settlements[first:cut],
        positions,
    )
    return build_chain(recent, leave_out=True)


def _trained(chain: Chain) -> tuple[TrainedCurve | None, ModelNote | None]:
    try:
        return train(chain, errors=True), None
    except (HistoryTooShort, ModelNotApplicable) as error:
        detail = f"Medians have no drift. {error.detail}"
        return None, ModelNote(code="no-curve-model", detail=detail)


def _last_settled(history: ContractHistory, cut: int) -> Mapping[ContractMonth, Settled]:
    """Return the last settlement, up to the row before `cut`, of each contract that trades on."""
    dates, prices = history.dates[:cut], history.settlements[:cut]
    front = front_month(history.product, dates[-1])
    found = {}
    for column, month in enumerate(history.contract_months):
        rows = np.flatnonzero(~np.isnan(prices[:, column]))
        if month >= front and rows.size:
            row = int(rows[-1])
            found[month] = Settled(price=float(prices[row, column]), on=dates[row])
    return found


def _days(history: ContractHistory, cut: int) -> tuple[SettledDay, ...]:
    return tuple(
        SettledDay(
            trade_date=day,
            settlements={
                month: Observed(price=price, stage=SettlementStage.FINAL)
                for month, price in zip(history.contract_months, row, strict=True)
                if not np.isnan(price)
            },
        )
        for day, row in zip(history.dates[cut:], history.settlements[cut:].tolist(), strict=True)
    )
