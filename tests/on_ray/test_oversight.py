"""Verify the audit trail of a whole stack, and have its controls checked."""

import json
from typing import Any

import pytest

from tests.on_ray.conftest import Stack, wait_for

pytestmark = pytest.mark.ray


def told(stack: Stack, *words: str) -> dict[str, Any]:
    finished = stack.run(*words, "--json")
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def test_the_trail_of_a_stack_is_whole_and_anchored_by_its_keeper(stack: Stack) -> None:
    def anchored() -> dict[str, Any] | None:
        found = told(stack, "audit", "verify")
        return found if found["anchors"] else None

    found = wait_for(anchored, timeout_s=120)
    assert found["whole"]
    assert found["entries"] >= found["last_anchored"] >= 1
    actions = {one["action"] for one in told(stack, "audit", "list")["items"]}
    assert {"member.added", "api_key.created"} <= actions


def test_the_controls_of_a_stack_are_checked(stack: Stack) -> None:
    report = told(stack, "compliance", "report")
    holds = {one["control_id"]: one["holds"] for one in report["items"]}
    # A new owner has no second factor yet; all that the stack itself sees to must hold.
    del holds["strong-authentication"]
    assert [name for name, one in holds.items() if not one] == []
