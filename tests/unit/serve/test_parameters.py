"""Ask with query parameters that a route does not take."""

from typing import Any

import pytest

PATHS = [
    ("GET", "/v1/products/CL/history", "days_early"),
    ("GET", "/v1/products/CL/curve/prices", "interpolation"),
    ("GET", "/v1/spreads/calendar", "positions"),
    ("POST", "/v1/books/desk/import", "mode"),
    ("GET", "/v1/runs", "before"),
]


@pytest.mark.parametrize(("method", "path", "known"), PATHS)
async def test_a_misspelt_parameter_is_refused(
    edge: Any, method: str, path: str, known: str
) -> None:
    async with edge.client() as client:
        answer = await client.request(method, path, params={"adujst": "difference"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == "adujst"
    assert answer.json()["reason"].startswith("no such parameter; known are ")
    assert known in answer.json()["reason"]


async def test_where_none_are_known_that_is_said(edge: Any) -> None:
    async with edge.client() as client:
        answer = await client.get("/v1/products?code=CL")
    assert answer.status_code == 422
    assert answer.json()["reason"] == "no such parameter; known are none"


async def test_each_parameter_of_the_document_is_known(edge: Any) -> None:
    async with edge.client() as client:
        document = (await client.get("/v1/openapi.json")).json()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                names = [
                    one["name"] for one in operation.get("parameters", []) if one["in"] == "query"
                ]
                answer = await client.request(method, path, params=dict.fromkeys(names, "\x00"))
                assert "no such parameter" not in answer.text
