"""Own the application that answers requests; streams have their own in streams.py."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from serve import problems
from serve.identity.access import declarations
from serve.middleware.order import surround
from serve.openapi import describe, operation_id
from serve.pages.shell import FILES
from serve.parameters import refuse_unknown
from serve.routes import (
    account,
    account_pages,
    api_keys,
    audit,
    authorize_page,
    backends,
    books,
    compliance,
    device_page,
    external_sign_in,
    factor_pages,
    feeds,
    forecasts,
    greeks,
    health,
    history,
    instruments,
    invitation_page,
    invitations,
    link_pages,
    market,
    members,
    oauth,
    oauth_clients,
    oauth_metadata,
    options,
    organisation,
    pages,
    personal_data,
    risk,
    run_records,
    run_results,
    runs,
    scenarios,
    seasonality,
    settlements,
    sign_in_pages,
    sparks,
    spreads,
    step_up_page,
    ticks,
    weather,
    webhooks,
)
from serve.services import EdgeConfig, Services

_NOUNS = (
    health,
    market,
    instruments,
    ticks,
    feeds,
    weather,
    settlements,
    history,
    sparks,
    spreads,
    seasonality,
    forecasts,
    scenarios,
    books,
    risk,
    options,
    greeks,
    runs,
    run_records,
    run_results,
    backends,
    webhooks,
    organisation,
    members,
    invitations,
    api_keys,
    personal_data,
    account,
    oauth_clients,
    audit,
    compliance,
)

_DOORS = (
    oauth,
    oauth_metadata,
    authorize_page,
    device_page,
    sign_in_pages,
    link_pages,
    external_sign_in,
    account_pages,
    factor_pages,
    step_up_page,
    invitation_page,
)
"""Be what stands before the API: who comes here has no token yet, but a cookie or nothing."""

OPEN_PATHS = frozenset({"/v1/health", "/v1/openapi.json"})

OpenServices = Callable[[], Awaitable[Services]]

DESCRIPTION = """
Forward curves, portfolios chosen by QAOA beside the proven classical optimum, and circuits.

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
        generate_unique_id_function=operation_id,
        openapi_url="/v1/openapi.json",
    )
    surround(
        app,
        origin=config.origin,
        cors_origins=config.cors_origins,
        api_prefixes=("/v1/", "/oauth/", "/.well-known/"),
        prefix="/v1/",
        open_paths=OPEN_PATHS,
    )
    problems.register(app)
    for noun in _NOUNS:
        app.include_router(noun.router, prefix="/v1", dependencies=[Depends(refuse_unknown)])
    describe(app, declarations((noun.router for noun in _NOUNS), prefix="/v1"))
    for door in _DOORS:
        app.include_router(door.router, include_in_schema=False)
    app.mount("/front-door", StaticFiles(directory=FILES), name="front-door")
    pages.mount(app, config.pages)
    return app
