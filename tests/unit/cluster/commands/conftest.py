"""Run the command line against a mock transport of the client."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from cluster.main import app
from heliostat import RetryPolicy


@dataclass
class FakeApi:
    """Answer requests by method and path; remember them."""

    answers: dict[tuple[str, str], Callable[[httpx.Request], httpx.Response]] = field(
        default_factory=dict
    )
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers[request.method, request.url.path](request)

    def on(self, method: str, path: str, status: int, body: Any) -> None:
        self.answers[method, path] = lambda _: httpx.Response(status, json=body)

    def on_problem(
        self,
        method: str,
        path: str,
        status: int,
        code: str,
        detail: str,
        request_id: str | None = None,
    ) -> None:
        body = {"type": f"https://heliostat.dev/problems/{code}", "detail": detail}
        headers = {"content-type": "application/problem+json"}
        if request_id is not None:
            headers["x-request-id"] = request_id
        self.answers[method, path] = lambda _: httpx.Response(
            status, content=json.dumps(body), headers=headers
        )

    def on_text(self, method: str, path: str, media_type: str, text: str) -> None:
        headers = {"content-type": media_type}
        self.answers[method, path] = lambda _: httpx.Response(200, content=text, headers=headers)

    def on_refused(self, method: str, path: str) -> None:
        def refuse(_: httpx.Request) -> httpx.Response:
            message = "refused"
            raise httpx.ConnectError(message)

        self.answers[method, path] = refuse

    def run(self, *words: str, stdin: str | None = None) -> Result:
        options = {
            "url": "http://127.0.0.1:9",
            "key": "secret",
            "transport": httpx.MockTransport(self),
            "retries": RetryPolicy(base_s=0.0, cap_s=0.0),
        }
        return CliRunner().invoke(app, list(words), obj=options, input=stdin)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()
