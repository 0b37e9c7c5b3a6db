"""Own the web page and the API documentation, both served from this checkout."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.staticfiles import StaticFiles

_NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Heliostat</title>
<p>The web page is not built. Run <code>make web</code>, then start the stack again.</p>
"""


def mount(app: FastAPI, pages: Path | None) -> None:
    """Serve the built page at `/`, or a sentence that says how to build it."""
    if pages is None:

        @app.get("/", include_in_schema=False, response_class=HTMLResponse)
        async def not_built() -> str:
            return _NOT_BUILT

        return

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> RedirectResponse:
        return RedirectResponse("/docs.html")

    app.mount("/", StaticFiles(directory=pages, html=True), name="pages")
