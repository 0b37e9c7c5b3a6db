"""Own the application that answers requests; streams have their own in streams.py."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from serve import problems
from serve.gate import KeyGate
from serve.routes import (
    feeds,
    health,
    instruments,
    market,
    pages,
    runs,
    settlements,
    ticks,
    weather,
)
from serve.services import EdgeConfig, Services

MAX_BODY_BYTES = 1024**2
"""Bound every body but an imported file, whose route has a bound of its own."""

OpenServices = Callable[[], Awaitable[Services]]

DESCRIPTION = """
Forward curves, and portfolios chosen by QAOA beside the proven classical optimum.

Send the key as `Authorization: Bearer KEY`. Every failure is an RFC 9457 problem document whose
`type` is stable. Prices are decimal strings and may be negative; every answer names its `source`.
"""


def lifespan(open_services: OpenServices) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan that opens the services once and closes them at the end."""

    @asynccontextmanager
    async def hold(app: FastAPI) -> AsyncIterator[None]:
        services = await open_services()
        app.state.services = services
        try:
            yield
        finally:
            await services.close()

    return hold


def create_api(config: EdgeConfig, open_services: OpenServices) -> FastAPI:
    """Build the request application. The services are opened when it starts, on the replica."""
    app = FastAPI(
        title="Heliostat",
        version=config.version,
        description=DESCRIPTION,
        lifespan=lifespan(open_services),
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        max_body_size=MAX_BODY_BYTES,
    )
    app.add_middleware(KeyGate, key_digest=config.key_digest)
    problems.register(app)
    for noun in (health, market, instruments, ticks, feeds, weather, settlements, runs):
        app.include_router(noun.router, prefix="/v1")
    pages.mount(app, config.pages)
    return app
