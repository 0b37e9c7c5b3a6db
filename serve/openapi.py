"""Own what the OpenAPI documents say beyond the routes: who may call, and what refusals look like.

`python -m serve.openapi` prints the document of the API, as a released one is kept in docs/.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from serve.identity.access import Declaration
from serve.middleware.idempotency import HEADER, LONGEST_KEY
from serve.problems import PROBLEM_MEDIA_TYPE, TYPE_PREFIX

_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or an access token of `/oauth/token`.",
    }
}
_PROBLEM = {
    "title": "Problem",
    "type": "object",
    "description": (
        "Say what went wrong (RFC 9457). `type` is stable; further members hold the values that "
        "`detail` was made from."
    ),
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "field": {"type": "string", "description": "What of the request is wrong, if it is one."},
        "reason": {"type": "string"},
    },
    "additionalProperties": True,
    "examples": [
        {
            "type": f"{TYPE_PREFIX}unknown-product",
            "title": "Unknown product",
            "status": 404,
            "detail": "The product 'XX' is not known.",
            "code": "XX",
        }
    ],
}
_SPREAD = frozenset({"", "paths", "components", "schemas"})
_FRAMEWORKS_OWN = ("HTTPValidationError", "ValidationError")
REFUSALS = {
    401: "The key or token is absent, unknown or no longer good.",
    403: "The caller may not do this, or must prove anew who they are.",
    404: "There is no such thing for this caller.",
    409: "What is stored forbids it.",
    413: "The body is too long.",
    422: "A value breaks a rule; `field` names it.",
    429: "Too much was asked lately; Retry-After says when to ask again.",
    503: "A source cannot answer now; Retry-After says when to ask again.",
}


_KEY = {
    "name": HEADER.decode(),
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    "description": "Sent again with the same key, a request is answered and not carried out again.",
}


def operation_id(route: APIRoute) -> str:
    """Return what programs that are generated from a document call an operation."""
    return route.name


def describe(app: FastAPI, declared: Mapping[tuple[str, str], Declaration]) -> None:
    """Have the document of an application tell whom each operation lets in and how it refuses."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(plain(), declared)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the way the framework documents


def _described(
    made: dict[str, Any], declared: Mapping[tuple[str, str], Declaration]
) -> dict[str, Any]:
    components = made.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    schemas = components.setdefault("schemas", {})
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    for path, item in made["paths"].items():
        for method, operation in item.items():
            declaration = declared[method, path]
            permissions = [permission.value for permission in declaration.permissions]
            operation["security"] = [{"bearer": permissions}] if permissions else []
            operation["x-permissions"] = permissions
            operation["x-step-up"] = declaration.is_dangerous
            _add_refusals(operation, method, path)
            if method == "post" and permissions:
                _add_key(operation)
    return made


def _add_key(operation: dict[str, Any]) -> None:
    """Say that a request may carry a key, where its route does not say so itself."""
    parameters = operation.setdefault("parameters", [])
    if all(one["name"] != _KEY["name"] for one in parameters):
        parameters.append(_KEY)


def _add_refusals(operation: dict[str, Any], method: str, path: str) -> None:
    responses = operation.setdefault("responses", {})
    for status in _refusals(operation, method, path):
        responses[str(status)] = {
            "description": REFUSALS[status],
            "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    operation["responses"] = dict(sorted(responses.items()))


def _refusals(operation: Mapping[str, Any], method: str, path: str) -> Iterator[int]:
    if operation["security"]:
        yield from (401, 403, 503)
    if "{" in path:
        yield 404
    if method != "get":
        yield 409
    if "requestBody" in operation:
        yield 413
    # Unknown parameters are refused, so that every operation has some to refuse.
    yield 422
    if method == "post":
        yield 429


def text_of(value: Mapping[str, Any], name: str = "") -> str:
    """Write a document with a line for each path and each schema, so that changes can be read."""
    if name not in _SPREAD:
        return json.dumps(value, sort_keys=True)
    lines = (f"{json.dumps(key)}: {text_of(one, key)}" for key, one in sorted(value.items()))
    return "{\n" + ",\n".join(lines) + "\n}"


def main() -> None:
    """Print the document of the API."""
    from serve.api import create_api
    from serve.services import EdgeConfig
    from storage.pool import DatabaseUrls
    from storage.vault.sources import KeySource, VaultConfig

    async def nothing_is_served() -> Any:
        message = "This application is described, and never started."
        raise RuntimeError(message)

    config = EdgeConfig(
        database=DatabaseUrls(app="", read="", system=""),
        cache_url="",
        origin="http://localhost:8700",
        version="released",
        pages=None,
        venues=(),
        task_memory_bytes=0,
        vault=VaultConfig(current=KeySource(text="")),
        audit_anchors=Path("none"),
    )
    sys.stdout.write(text_of(create_api(config, nothing_is_served).openapi()) + "\n")


if __name__ == "__main__":
    main()
