"""Walk the OpenAPI documents of both applications: every operation but health needs a key."""

import re
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from tests.identities import KEY

SAMPLES = {
    "run_id": str(UUID(int=7)),
    "webhook_id": str(UUID(int=8)),
    "user_id": str(UUID(int=9)),
    "key_id": str(UUID(int=10)),
    "invitation_id": str(UUID(int=11)),
    "session_id": str(UUID(int=12)),
    "credential_id": "AA",
    "client_id": "c",
    "code": "CL",
    "venue": "cme",
    "name": "desk",
}
OPEN = {("GET", "/v1/health")}
NO_KEYS = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {KEY}"}]


def operations(app: FastAPI) -> list[tuple[str, str]]:
    document: dict[str, Any] = app.openapi()
    return [(method.upper(), path) for path, item in document["paths"].items() for method in item]


def filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: SAMPLES[found[1]], path)


def test_the_documents_are_not_empty(edge: Any) -> None:
    assert {path for _, path in operations(edge.api)} >= {
        "/v1/health",
        "/v1/products",
        "/v1/products/{code}/curve",
        "/v1/products/{code}/curve/prices",
        "/v1/products/{code}/history",
        "/v1/products/{code}/seasonality",
        "/v1/products/{code}/forecast",
        "/v1/products/{code}/volatility",
        "/v1/products/{code}/scenarios",
        "/v1/products/{code}/model",
        "/v1/models",
        "/v1/products/{code}/instruments",
        "/v1/products/{code}/quotes",
        "/v1/products/{code}/ticks",
        "/v1/products/{code}/bars",
        "/v1/spreads/{name}",
        "/v1/feeds",
        "/v1/feeds/{venue}",
        "/v1/runs",
        "/v1/runs/{run_id}",
        "/v1/runs/{run_id}/cancel",
        "/v1/runs/{run_id}/chunks",
        "/v1/runs/{run_id}/events",
        "/v1/runs/{run_id}/result",
        "/v1/runs/validate",
        "/v1/backends",
        "/v1/webhooks",
        "/v1/webhooks/deliveries",
        "/v1/webhooks/{webhook_id}",
        "/v1/webhooks/{webhook_id}/test",
        "/v1/settlements",
        "/v1/settlements/imports",
        "/v1/books",
        "/v1/books/{name}",
        "/v1/books/{name}/import",
        "/v1/books/{name}/versions",
        "/v1/books/{name}/risk",
        "/v1/books/{name}/risk/stress",
        "/v1/books/{name}/risk/explain",
        "/v1/books/{name}/risk/backtest",
        "/v1/risk",
        "/v1/risk/stress",
        "/v1/risk/explain",
        "/v1/risk/backtest",
        "/v1/stresses",
    }
    assert {path for _, path in operations(edge.streams)} == {
        "/quotes",
        "/runs/{run_id}",
        "/forecasts/{code}",
    }


@pytest.mark.parametrize("streams", [False, True], ids=["api", "streams"])
@pytest.mark.parametrize("headers", NO_KEYS, ids=["none", "wrong", "scheme"])
async def test_every_operation_needs_a_key(
    edge: Any, streams: bool, headers: dict[str, str]
) -> None:
    app = edge.streams if streams else edge.api
    async with edge.client(streams=streams, key=False) as client:
        for method, path in operations(app):
            if (method, path) in OPEN:
                continue
            answer = await client.request(method, filled(path), headers=headers)
            where = f"{method} {path}: {answer.text}"
            assert answer.status_code == 401, where
            assert answer.headers["content-type"] == "application/problem+json", where
            assert answer.headers["www-authenticate"] == "Bearer", where
            document = answer.json()
            assert document["type"] == "https://heliostat.dev/problems/unauthenticated", where


async def test_a_key_is_asked_for_before_values_are_judged(edge: Any) -> None:
    async with edge.client(key=False) as client:
        for method, path in (
            ("GET", "/v1/runs/not-a-uuid"),
            ("GET", "/v1/products/CL/curve?as_of=yesterday"),
            ("GET", "/v1/runs?limit=0"),
            ("POST", "/v1/settlements/imports"),
        ):
            assert (await client.request(method, path)).status_code == 401


async def test_health_needs_none(edge: Any) -> None:
    async with edge.client(key=False) as client:
        answer = await client.get("/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "1.2.3"})
