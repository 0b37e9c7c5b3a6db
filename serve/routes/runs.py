"""Own runs over HTTP: submit, list, read, cancel."""

import asyncio
import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Annotated, Any, Literal
from uuid import UUID

import uuid_utils.compat as uuid_utils
from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from core.clock import utc_from_ns
from core.errors import InvalidInput, SourceUnavailable
from core.logs import get_logger
from core.products import PRODUCTS
from core.runs import PortfolioSpecification
from jobs.planning import plan_problem
from serve.keys import Caller, CallerOf
from serve.routes.run_views import RunPage, RunView, run_view
from serve.services import Services, ServicesOf
from storage import runs
from storage.settlement_windows import load_histories

log = get_logger(__name__)
router = APIRouter(tags=["runs"])


class PortfolioRequest(BaseModel):
    """Ask for `choose` of `of` contracts that minimise q·xᵀΣx − μᵀx."""

    model_config = ConfigDict(extra="forbid")

    products: list[str] = Field(examples=[["CL"]], max_length=16)
    choose: int = Field(examples=[4])
    of: int = Field(examples=[12])
    source: str | None = Field(default=None, description="Unset: the live source.")
    as_of: date | None = Field(default=None, description="Unset: the latest settled date.")
    seed: int = 7
    risk_aversion: float = 0.5
    window_days: int = 250
    depth: int = 3
    shots: int = 4096
    starts: int = 8


class RunRequest(BaseModel):
    """Submit a run. An identical finished run answers at once unless `fresh`."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["portfolio"] = "portfolio"
    specification: PortfolioRequest
    fresh: bool = False


@router.post("/runs", status_code=202, responses={200: {"model": RunView}})
async def submit_run(
    body: RunRequest,
    response: Response,
    caller: CallerOf,
    services: ServicesOf,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> RunView:
    """Store a run and start it; the answer comes before the work."""
    asked = await _specification(body.specification, services)
    specification, vintage = await _planned(asked, caller, services)
    digest = _digest(body.kind, {**specification.to_json(), "vintage": vintage})
    now = utc_from_ns(services.clock.now_ns())
    if not body.fresh:
        async with services.pools.read(caller.org_id) as connection:
            finished = await runs.find_finished(connection, caller.org_id, digest)
        if finished is not None:
            response.status_code = 200
            return run_view(finished)
    async with services.pools.write(caller.org_id) as connection:
        run, created = await runs.create(
            connection,
            caller.org_id,
            uuid_utils.uuid7(),
            body.kind,
            specification.to_json(),
            digest,
            idempotency_key,
            _digest(body.kind, body.model_dump(mode="json")),
            now,
        )
    if created:
        await _nudge(services, caller, run.run_id)
    response.headers["Location"] = f"/v1/runs/{run.run_id}"
    return run_view(run)


async def _specification(request: PortfolioRequest, services: Services) -> PortfolioSpecification:
    source = request.source or await _live_source(request.products, services)
    values = {**request.model_dump(), "source": source, "products": tuple(request.products)}
    return PortfolioSpecification(**values)


async def _planned(
    asked: PortfolioSpecification, caller: Caller, services: Services
) -> tuple[PortfolioSpecification, str]:
    """Plan the run now, so that what cannot be planned is refused and the date is settled.

    Returns the specification with its last day of prices, and the vintage of those prices.
    """
    async with services.pools.read(caller.org_id) as connection:
        loaded = await load_histories(connection, caller.org_id, asked)
    problem = await asyncio.to_thread(plan_problem, asked, loaded.histories, loaded.recorded_until)
    return replace(asked, as_of=problem.window.last), problem.vintage


async def _live_source(products: list[str], services: Services) -> str:
    for code in products:
        _require_known(code)
    live = await services.market.live_products()
    sources = {live.get(product) for product in products}
    if len(sources) != 1 or None in sources:
        raise InvalidInput(
            field="source",
            reason="name one: these products have no single live source "
            f"(live are {', '.join(sorted(live)) or 'none'}), and sources are never mixed",
        )
    return str(sources.pop())


def _require_known(code: str) -> None:
    if code not in PRODUCTS:
        raise InvalidInput(field="products", reason=f"product {code!r} is unknown")


def _digest(kind: str, values: dict[str, Any]) -> bytes:
    return sha256(json.dumps([kind, values], sort_keys=True).encode()).digest()


async def _nudge(services: Services, caller: Caller, run_id: UUID) -> None:
    try:
        await services.runs.submit(caller.org_id, run_id)
    except SourceUnavailable as error:
        # The run is stored; the manager's next sweep finds it.
        log.warning("run.nudge.failed", run_id=str(run_id), reason=error.detail)


@router.get("/runs")
async def list_runs(
    caller: CallerOf,
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: UUID | None = None,
) -> RunPage:
    """List runs, newest first."""
    async with services.pools.read(caller.org_id) as connection:
        page = await runs.list_page(connection, caller.org_id, limit, before)
    last = page[-1].run_id if len(page) == limit else None
    return RunPage(items=[run_view(run) for run in page], next_before=last)


@router.get("/runs/{run_id}")
async def read_run(run_id: UUID, caller: CallerOf, services: ServicesOf) -> RunView:
    """Return a run with its problem and result."""
    async with services.pools.read(caller.org_id) as connection:
        return run_view(await runs.get(connection, caller.org_id, run_id))


@router.post("/runs/{run_id}/cancel", status_code=202)
async def cancel_run(run_id: UUID, caller: CallerOf, services: ServicesOf) -> RunView:
    """Stop a run that is not finished."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.write(caller.org_id) as connection:
        await runs.request_cancel(connection, caller.org_id, run_id, now)
    try:
        await services.runs.cancel(caller.org_id, run_id)
    except SourceUnavailable as error:
        # The wish is stored; the manager heeds it when it is back.
        log.warning("run.cancel.postponed", run_id=str(run_id), reason=error.detail)
    async with services.pools.read(caller.org_id) as connection:
        return run_view(await runs.get(connection, caller.org_id, run_id))
