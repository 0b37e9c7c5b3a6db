"""Check when models are estimated anew, and what becomes of an estimate asked for elsewhere."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from actors.models.refits import Refit, RefitFailed, is_due, made_as_of, refit
from jobs.pieces import Broken, Finished, Outcome, Piece
from jobs.remote import TASK_BODIES, TASK_OPTIONS
from jobs.workers import body_named
from quant.calendars import add_business_days, calendar_of
from quant.product_model.following import KEPT_DAYS, Following
from quant.product_model.vintage import FitRequest, Vintage
from tests.settled_products import FIT_ID, LAST_DAY, estimated, settled_history

EVERY = 28
PRODUCTS = ("CL", "NG", "HO", "RB", "BZ", "B", "G", "NBP", "TTF")


def due_days(product: str, made: date, days: int) -> list[date]:
    after = (made + timedelta(days=n) for n in range(1, days))
    return [day for day in after if is_due(product, made, day, EVERY)]


@pytest.mark.parametrize("product", PRODUCTS)
def test_an_estimate_is_replaced_within_so_many_days_of_its_making(product: str) -> None:
    made = date(2026, 11, 16)
    first = due_days(product, made, 60)[0]
    assert timedelta(0) < first - made <= timedelta(days=EVERY)
    # once made, it is not asked for again on the next day
    assert not is_due(product, first, first + timedelta(days=1), EVERY)
    assert due_days(product, first, 60)[0] - first == timedelta(days=EVERY)


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_was_just_estimated_is_not_due_however_many_holidays_there_were(product: str) -> None:
    calendar, day = calendar_of(product), date(2026, 1, 2)
    while day < date(2028, 1, 31):
        day = add_business_days(day, 1, calendar)
        through = add_business_days(day, -KEPT_DAYS, calendar)
        fit = replace(estimated().fit, product=product, fitted_through=through)
        assert made_as_of(fit) == day
        assert not is_due(product, made_as_of(fit), day, EVERY)


def test_not_all_products_are_estimated_on_one_day() -> None:
    made = date(2026, 11, 16)
    assert len({due_days(product, made, 60)[0] for product in PRODUCTS}) > len(PRODUCTS) // 2


class Here:
    """Carry a piece out as a worker does, or fail as it would."""

    def __init__(self, error: dict[str, Any] | None = None) -> None:
        self._error = error

    async def run(self, shared: Any, pieces: Sequence[Piece]) -> AsyncGenerator[Outcome]:
        for piece in pieces:
            if self._error is not None:
                yield Broken(stage=piece.stage, index=0, error=self._error, attempts=1)
                continue
            result = body_named(TASK_BODIES[piece.task])(shared, *piece.arguments)
            yield Finished(
                stage=piece.stage,
                index=0,
                result=msgspec.json.decode(msgspec.json.encode(result)),
                elapsed_s=2.0,
            )


def request() -> FitRequest:
    history = settled_history(days=130)
    now = datetime(2026, 11, 16, tzinfo=UTC)
    vintage = Vintage(
        source="sandbox",
        sources=("sandbox",),
        first_day=history.dates[0],
        recorded_until=now,
        fitted_at=now,
        code_version="1",
    )
    return FitRequest(fit_id=FIT_ID, history=history, vintage=vintage)


async def test_an_estimate_comes_back_with_its_days_and_card() -> None:
    found = await refit(Here(), request())
    assert isinstance(found, Refit)
    assert found.fit.fit_id == found.card.fit_id == FIT_ID
    assert (found.card.source, found.elapsed_s) == ("sandbox", 2.0)
    assert found.parameters == msgspec.json.decode(msgspec.json.encode(found.fit.to_json()))
    assert Following.of(found.fit, found.days).as_of == LAST_DAY


async def test_one_that_fails_says_why() -> None:
    error = {"code": "model-not-applicable", "detail": "The prices never moved."}
    assert await refit(Here(error), request()) == RefitFailed(reason="The prices never moved.")


def test_an_estimate_keeps_no_run_waiting_for_a_core() -> None:
    assert TASK_OPTIONS["model_fit"]["num_cpus"] == 0
