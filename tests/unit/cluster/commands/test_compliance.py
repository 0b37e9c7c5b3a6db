"""Check `heliostat compliance report`."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.unit.cluster.commands.conftest import FakeApi


def report(*, holds: bool) -> dict[str, Any]:
    control = {
        "control_id": "tenant-isolation",
        "demand": "…",
        "clauses": ["GDPR Art. 32(1)(b)"],
        "holds": holds,
        "evidence": "What was seen.",
        "remedy": None if holds else "What to do.",
    }
    return {"checked_at": "2026-01-05T12:00:00Z", "holds": holds, "items": [control]}


def test_what_holds_is_shown_with_its_clauses(api: "FakeApi") -> None:
    api.on("GET", "/v1/compliance", 200, report(holds=True))
    result = api.run("compliance", "report", "--strict")
    assert result.exit_code == 0, result.output
    assert "holds" in result.stdout
    assert "GDPR Art. 32(1)(b)" in result.stdout
    assert "1 of 1 controls hold" in result.stderr


def test_what_fails_says_what_to_do_and_ends_a_strict_report_with_one(api: "FakeApi") -> None:
    api.on("GET", "/v1/compliance", 200, report(holds=False))
    result = api.run("compliance", "report")
    assert result.exit_code == 0
    assert "What to do." in result.stdout
    strict = api.run("compliance", "report", "--strict", "--json")
    assert strict.exit_code == 1
    assert not json.loads(strict.stdout)["holds"]
