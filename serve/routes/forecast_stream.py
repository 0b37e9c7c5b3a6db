"""Own the stream of a product's forecasts as they are published."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query

from core import products as registry
from core.forecasts import Forecast
from core.identity import Permission, Principal
from core.market import ContractMonth
from serve.identity.access import PrincipalOf, needs
from serve.routes.forecast_views import forecast_view
from serve.routes.forecasts import ContractOf, HorizonOf, SourceOf
from serve.routes.quote_stream import UNBUFFERED, EventStream
from serve.services import Services, ServicesOf
from storage import models
from storage.cache import RunNotifications

router = APIRouter(tags=["streams"], dependencies=[needs(Permission.MARKET_READ)])

LOOK_EVERY_S = 5.0
"""Look so often although nobody calls: the cache, which calls, may be away."""
HEARTBEAT = b": heartbeat\n\n"
_EVENT_ID_LENGTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Hold what is followed, and which publication the reader has had."""

    code: str
    caller: Principal
    source: str | None
    contract: ContractMonth | None
    horizon: int | None
    after: str | None
    notifications: RunNotifications


async def _start(
    code: str,
    caller: PrincipalOf,
    services: ServicesOf,
    source: SourceOf,
    contract: ContractOf,
    horizon: HorizonOf,
    last_event_id: Annotated[str | None, Header(max_length=_EVENT_ID_LENGTH)] = None,
) -> AsyncIterator[_Start]:
    registry.product(code)
    # Subscribed before the first look, so that nothing is published between the two unseen.
    async with services.cache.forecast_notifications(code) as notifications:
        yield _Start(
            code=code,
            caller=caller,
            source=source,
            contract=contract,
            horizon=horizon,
            after=last_event_id,
            notifications=notifications,
        )


@router.get("/forecasts/{code}", response_class=EventStream)
async def stream_forecasts(
    start: Annotated[_Start, Depends(_start)],
    services: ServicesOf,
    max_events: Annotated[
        int | None, Query(ge=1, le=1_000_000, description="End after so many.")
    ] = None,
) -> EventStream:
    """Send the latest forecast of a product, and each new one as it is published.

    An event `forecast` holds what `GET /v1/products/{code}/forecast` answers. Its id resumes the
    stream after it, by `Last-Event-ID`. A slow reader is sent the newest of those it has missed;
    a comment every 5 s says that the stream is alive. There is nothing to send, and no refusal,
    before the first forecast of a product.
    """
    return EventStream(_chunks(services, start, max_events), headers=UNBUFFERED)


async def _chunks(
    services: Services, start: _Start, max_events: int | None
) -> AsyncIterator[bytes]:
    sent = 0
    async with aclosing(_publications(services, start)) as publications:
        async for found in publications:
            if found is None:
                yield HEARTBEAT
                continue
            view = forecast_view(found, start.horizon, start.contract)
            head = f"id: {_event_id(found)}\nevent: forecast\ndata: "
            yield f"{head}{view.model_dump_json()}\n\n".encode()
            sent += 1
            if sent == max_events:
                return


async def _publications(services: Services, start: _Start) -> AsyncGenerator[Forecast | None, None]:
    """Yield each publication once, and None after a while without one."""
    after = start.after
    while True:
        async with services.pools.read(start.caller.org_id) as connection:
            found = await models.latest_forecast(connection, start.code, start.source)
        if found is not None and _event_id(found) != after:
            after = _event_id(found)
            yield found
        elif not await start.notifications.wait(LOOK_EVERY_S):
            yield None


def _event_id(forecast: Forecast) -> str:
    return f"{forecast.source}:{forecast.version}"
