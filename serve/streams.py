"""Own the application that holds open streams; Serve runs it under /v1/streams."""

from fastapi import Depends, FastAPI

from serve import problems
from serve.api import OpenServices, lifespan
from serve.identity.access import declarations
from serve.middleware.order import surround
from serve.openapi import describe, operation_id
from serve.parameters import refuse_unknown
from serve.routes import forecast_stream, quote_socket, quote_stream, run_stream
from serve.services import EdgeConfig

_NOUNS = (quote_stream, run_stream, forecast_stream)
_OPEN_PATHS = frozenset({"/openapi.json"})


def create_streams(config: EdgeConfig, open_services: OpenServices) -> FastAPI:
    """Build the streaming application. Serve strips its route prefix before a request arrives."""
    app = FastAPI(
        title="Heliostat streams",
        version=config.version,
        lifespan=lifespan(open_services),
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=operation_id,
        openapi_url="/openapi.json",
    )
    surround(
        app,
        origin=config.origin,
        cors_origins=config.cors_origins,
        api_prefixes=("/",),
        prefix="/",
        open_paths=_OPEN_PATHS,
        ends=True,
    )
    problems.register(app)
    for noun in _NOUNS:
        app.include_router(noun.router, dependencies=[Depends(refuse_unknown)])
    # A socket refuses by a message, once it is known who asks.
    app.include_router(quote_socket.router)
    describe(app, declarations(noun.router for noun in _NOUNS))
    return app
