"""Hold the API's description against the released one, and against how the API refuses."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from serve.openapi import REFUSALS
from serve.problems import PROBLEM_MEDIA_TYPE
from tests.openapi_changes import breaking_changes

ROOT = Path(__file__).parents[3]


def released() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text())
    return found


def told_as_breaking() -> str:
    """Return what the changelog says under Breaking of what is not released yet."""
    unreleased = (ROOT / "CHANGELOG.md").read_text().split("## [")[1]
    found = re.search(r"^### Breaking$(.*?)(?=^### |\Z)", unreleased, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def test_nothing_that_was_released_breaks_unsaid(edge: Any) -> None:
    told = told_as_breaking()
    changes = breaking_changes(released(), edge.api.openapi())
    unsaid = [change for change in changes if f"`{change.partition(':')[0]}`" not in told]
    assert unsaid == [], "name each under `### Breaking` of the changelog, as `GET /v1/...`"


def test_every_operation_says_how_it_refuses(edge: Any) -> None:
    for app in (edge.api, edge.streams):
        document = app.openapi()
        assert document["openapi"].startswith("3.1")
        for path, item in document["paths"].items():
            for method, operation in item.items():
                refusals = {
                    status: answer["content"]
                    for status, answer in operation["responses"].items()
                    if status.startswith("4") or status == "503"
                }
                assert "422" in refusals, (method, path)
                assert ("401" in refusals) is bool(operation["security"])
                assert set(refusals) <= set(map(str, REFUSALS))
                for content in refusals.values():
                    assert list(content) == [PROBLEM_MEDIA_TYPE]


def test_every_reference_leads_somewhere(edge: Any) -> None:
    for app in (edge.api, edge.streams):
        document = app.openapi()
        named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
        assert named <= set(document["components"]["schemas"])
        assert "HTTPValidationError" not in named


@pytest.mark.parametrize("path", ["/v1/products/XX/curve", "/v1/health?unknown=1"])
async def test_a_refusal_is_what_was_described(edge: Any, path: str) -> None:
    async with edge.client() as client:
        answer = await client.get(path)
    plain = path.partition("?")[0].replace("XX", "{code}")
    described = edge.api.openapi()["paths"][plain]["get"]["responses"]
    assert str(answer.status_code) in described
    assert set(answer.json()) >= {"type", "title", "status", "detail"}


def test_operations_are_called_by_short_names_of_their_own(edge: Any) -> None:
    for app in (edge.api, edge.streams):
        names = [
            one["operationId"] for item in app.openapi()["paths"].values() for one in item.values()
        ]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z_]+", name) for name in names)
