"""Own when a product's model is estimated anew, and how an estimate is asked for elsewhere."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from core.forecasts import ModelCard
from jobs.pieces import Fanout, Finished, Piece
from quant.calendars import add_business_days, calendar_of
from quant.product_model.following import KEPT_DAYS
from quant.product_model.settled import SettledDay
from quant.product_model.state import ProductFit
from quant.product_model.vintage import FitRequest

_STAGE = "fit"
_TASK = "model_fit"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refit:
    """Hold an estimate, the days that follow its beginning, and its card."""

    fit: ProductFit
    parameters: dict[str, Any]
    days: tuple[SettledDay, ...]
    card: ModelCard
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RefitFailed:
    """Hold why there is no estimate, in a sentence."""

    reason: str


async def refit(fanout: Fanout, request: FitRequest) -> Refit | RefitFailed:
    """Have a model estimated as a task and return what came of it.

    Raises:
        SourceUnavailable: no task can be carried out now.
    """
    piece = Piece(stage=_STAGE, index=0, task=_TASK, arguments=())
    async for outcome in fanout.run(request, [piece]):
        if isinstance(outcome, Finished):
            return _found(outcome.result, outcome.elapsed_s)
        return RefitFailed(reason=str(outcome.error["detail"]))
    return RefitFailed(reason="nobody carried it out")


def _found(result: dict[str, Any], elapsed_s: float) -> Refit:
    return Refit(
        fit=ProductFit.from_json(result["fit"]),
        parameters=result["fit"],
        days=tuple(SettledDay.from_json(day) for day in result["days"]),
        card=msgspec.convert(result["card"], ModelCard),
        elapsed_s=elapsed_s,
    )


def made_as_of(fit: ProductFit) -> date:
    """Return the last trade date there was when an estimate was made: it leaves the last ones out.

    Where some of these are missing from its history, the date is an earlier one.
    """
    return add_business_days(fit.fitted_through, KEPT_DAYS, calendar_of(fit.product))


def is_due(product: str, made: date, as_of: date, every_days: int) -> bool:
    """Tell whether an estimate that was made as of a trade date is to be replaced.

    It is at the first of some days which are `every_days` calendar days apart and differ from
    product to product, so that not all are estimated at once.
    """
    offset = int.from_bytes(product.encode(), "big")
    return (as_of.toordinal() + offset) // every_days > (made.toordinal() + offset) // every_days
