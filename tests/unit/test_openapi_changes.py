"""Check that what breaks callers is found, and that what does not is let pass."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.openapi_changes import breaking_changes

Document = dict[str, Any]
Change = Callable[[Document], None]
DOCUMENT: Document = {
    "paths": {
        "/v1/books/{name}": {
            "put": {
                "x-permissions": ["books:write"],
                "parameters": [
                    {"in": "path", "name": "name", "required": True, "schema": {"type": "string"}},
                    {
                        "in": "query",
                        "name": "limit",
                        "schema": {"type": "integer", "minimum": 1, "maximum": 100},
                    },
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}
                    }
                },
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Book"}},
                            "text/csv": {"schema": {"type": "string"}},
                        }
                    }
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Sent": {
                "type": "object",
                "required": ["title"],
                "properties": {
                    "title": {"type": "string", "maxLength": 100},
                    "kind": {"type": "string", "enum": ["future", "option"]},
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                },
            },
            "Book": {
                "type": "object",
                "required": ["name", "rows"],
                "properties": {
                    "name": {"type": "string"},
                    "rows": {"type": "array", "items": {"$ref": "#/components/schemas/Row"}},
                    "parent": {"$ref": "#/components/schemas/Book"},
                },
            },
            "Row": {
                "type": "object",
                "required": ["price"],
                "properties": {"price": {"type": "string"}},
            },
        }
    },
}


def operation(document: Document) -> Document:
    found: Document = document["paths"]["/v1/books/{name}"]["put"]
    return found


def schema(document: Document, name: str) -> Document:
    found: Document = document["components"]["schemas"][name]
    return found


def removed(document: Document) -> None:
    del document["paths"]["/v1/books/{name}"]


def another_permission(document: Document) -> None:
    operation(document)["x-permissions"].append("members:manage")


def step_up(document: Document) -> None:
    operation(document)["x-step-up"] = True


def without_limit(document: Document) -> None:
    operation(document)["parameters"].pop()


def smaller_limit(document: Document) -> None:
    operation(document)["parameters"][1]["schema"]["maximum"] = 50


def required_limit(document: Document) -> None:
    operation(document)["parameters"][1]["required"] = True


def new_required_parameter(document: Document) -> None:
    new = {"in": "query", "name": "mode", "required": True, "schema": {"type": "string"}}
    operation(document)["parameters"].append(new)


def required_note(document: Document) -> None:
    schema(document, "Sent")["required"].append("note")


def note_not_null(document: Document) -> None:
    schema(document, "Sent")["properties"]["note"] = {"type": "string"}


def no_options(document: Document) -> None:
    schema(document, "Sent")["properties"]["kind"]["enum"] = ["future"]


def no_note(document: Document) -> None:
    del schema(document, "Sent")["properties"]["note"]


def shorter_title(document: Document) -> None:
    schema(document, "Sent")["properties"]["title"]["maxLength"] = 10


def no_csv(document: Document) -> None:
    del operation(document)["responses"]["200"]["content"]["text/csv"]


def created(document: Document) -> None:
    responses = operation(document)["responses"]
    responses["201"] = responses.pop("200")


def no_name(document: Document) -> None:
    del schema(document, "Book")["properties"]["name"]


def perhaps_a_name(document: Document) -> None:
    schema(document, "Book")["required"].remove("name")


def name_or_null(document: Document) -> None:
    both = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    schema(document, "Book")["properties"]["name"] = both


def price_as_number(document: Document) -> None:
    schema(document, "Row")["properties"]["price"]["type"] = "number"


BREAKING: list[Change] = [
    removed,
    another_permission,
    step_up,
    without_limit,
    smaller_limit,
    required_limit,
    new_required_parameter,
    required_note,
    note_not_null,
    no_options,
    no_note,
    shorter_title,
    no_csv,
    created,
    no_name,
    perhaps_a_name,
    name_or_null,
    price_as_number,
]


def another_operation(document: Document) -> None:
    document["paths"]["/v1/more"] = {"get": {"responses": {}}}


def fewer_permissions(document: Document) -> None:
    operation(document)["x-permissions"] = []


def larger_limit(document: Document) -> None:
    operation(document)["parameters"][1]["schema"]["maximum"] = 1_000


def optional_parameter(document: Document) -> None:
    new = {"in": "query", "name": "mode", "schema": {"type": "string"}}
    operation(document)["parameters"].append(new)


def title_not_required(document: Document) -> None:
    schema(document, "Sent")["required"] = []


def spreads_too(document: Document) -> None:
    schema(document, "Sent")["properties"]["kind"]["enum"].append("spread")


def longer_title(document: Document) -> None:
    del schema(document, "Sent")["properties"]["title"]["maxLength"]


def more_in_the_answer(document: Document) -> None:
    schema(document, "Row")["properties"]["label"] = {"type": "string"}


def arrow_too(document: Document) -> None:
    content = operation(document)["responses"]["200"]["content"]
    content["application/vnd.apache.arrow.stream"] = {}


def another_refusal(document: Document) -> None:
    operation(document)["responses"]["409"] = {}


HARMLESS: list[Change] = [
    another_operation,
    fewer_permissions,
    larger_limit,
    optional_parameter,
    title_not_required,
    spreads_too,
    longer_title,
    more_in_the_answer,
    arrow_too,
    another_refusal,
]


def after(change: Change) -> list[str]:
    newer = copy.deepcopy(DOCUMENT)
    change(newer)
    return breaking_changes(DOCUMENT, newer)


@pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.__name__)
def test_what_breaks_callers_is_told_once(change: Change) -> None:
    (told,) = after(change)
    assert told.startswith("PUT /v1/books/{name}: ")


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change.__name__)
def test_what_breaks_nobody_is_let_pass(change: Change) -> None:
    assert after(change) == []


def test_nothing_changed_breaks_nothing() -> None:
    assert breaking_changes(DOCUMENT, DOCUMENT) == []
