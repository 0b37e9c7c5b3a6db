"""Own the peers of the HTTP benchmark: the same JSON without any of what our edge does."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any


def bare_fastapi(pipe: Any, port: int, path: str, body: Path) -> None:
    """Serve the JSON of a file by FastAPI on one uvicorn worker, until the pipe is closed."""
    import threading

    import uvicorn

    config = uvicorn.Config(
        _app(path, body), host="127.0.0.1", port=port, log_level="warning", access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    pipe.send("ready")
    with suppress(EOFError):
        pipe.recv()
    server.should_exit = True
    thread.join()


def serve_by_default(pipe: Any, port: int, path: str, body: Path, folder: Path) -> None:
    """Serve the JSON of a file by Ray Serve as it comes, on a cluster of its own."""
    for name in [name for name in os.environ if name.startswith("RAY_")]:
        del os.environ[name]
    import ray
    from ray import serve as ray_serve
    from ray.serve.config import HTTPOptions

    ray.init(
        address="local",
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
        _temp_dir=str(folder),
    )
    ray_serve.start(http_options=HTTPOptions(host="127.0.0.1", port=port))

    class Edge:
        def __serve_build_asgi_app__(self) -> Any:
            return _app(path, body)

    deployment = ray_serve.deployment(ray_serve.ingress()(Edge))
    ray_serve.run(deployment.bind(), name="bare", route_prefix="/")
    pipe.send("ready")
    with suppress(EOFError):
        pipe.recv()
    ray_serve.shutdown()
    ray.shutdown()


def _app(path: str, body: Path) -> Any:
    from fastapi import FastAPI
    from fastapi.responses import JSONResponse

    document = json.loads(body.read_text())
    app = FastAPI()

    @app.get(path)
    async def read() -> JSONResponse:
        return JSONResponse(document)

    return app
