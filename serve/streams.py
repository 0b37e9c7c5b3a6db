"""Own the application that holds open streams; Serve runs it under /v1/streams."""

from fastapi import FastAPI

from serve import problems
from serve.api import OpenServices, lifespan
from serve.routes import forecast_stream, quote_socket, quote_stream, run_stream
from serve.services import EdgeConfig


def create_streams(config: EdgeConfig, open_services: OpenServices) -> FastAPI:
    """Build the streaming application. Serve strips its route prefix before a request arrives."""
    app = FastAPI(
        title="Heliostat streams",
        version=config.version,
        lifespan=lifespan(open_services),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    problems.register(app)
    app.include_router(quote_stream.router)
    app.include_router(quote_socket.router)
    app.include_router(run_stream.router)
    app.include_router(forecast_stream.router)
    return app
