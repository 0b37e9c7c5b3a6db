"""Check when a delivery is tried again, when it is given up, and that its message never changes."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.deliveries import Attempt, DeliveryPolicy, judge, message, signed_headers
from core.runs import RunStatus
from core.webhooks import Delivery, DeliveryState, new_secret, signature

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DELIVERY = Delivery(
    delivery_id=UUID(int=5),
    endpoint_id=UUID(int=6),
    event="run.succeeded",
    run_id=UUID(int=7),
    run_kind="portfolio",
    run_status=RunStatus.SUCCEEDED,
    created_at=NOW,
    state=DeliveryState.PENDING,
    attempts=1,
    next_attempt_at=NOW,
    answered=None,
    error=None,
    finished_at=None,
)
POLICY = DeliveryPolicy()
LOST = Attempt(error="ConnectError: refused")
chances = st.floats(0.0, 1.0, exclude_max=True)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_an_accepted_message_is_delivered(status: int) -> None:
    verdict = judge(POLICY, DELIVERY, Attempt(answered=status), NOW, 0.5)
    assert (verdict.state, verdict.error) == (DeliveryState.DELIVERED, None)


@pytest.mark.parametrize("status", [100, 199, 300, 302, 400, 404, 410, 429, 500, 503])
def test_any_other_answer_is_tried_again(status: int) -> None:
    verdict = judge(POLICY, DELIVERY, Attempt(answered=status), NOW, 0.0)
    assert verdict.state is DeliveryState.PENDING
    assert verdict.error == f"answered {status}"
    assert verdict.next_attempt_at == NOW + timedelta(seconds=5)


def test_pauses_grow_and_end_with_the_day() -> None:
    delivery, now, pauses = DELIVERY, NOW, []
    while (verdict := judge(POLICY, delivery, LOST, now, 0.0)).state is DeliveryState.PENDING:
        pauses.append((verdict.next_attempt_at - now).total_seconds())
        now = verdict.next_attempt_at
        delivery = replace(delivery, attempts=delivery.attempts + 1)
    assert pauses[:4] == [5.0, 15.0, 45.0, 135.0]
    assert pauses == sorted(pauses)
    assert max(pauses) <= 21_600.0
    assert timedelta(hours=18) <= now - NOW <= timedelta(days=1)
    assert verdict.state is DeliveryState.GIVEN_UP
    assert verdict.error == LOST.error


@given(st.integers(0, 10**9), st.floats(0, 200_000), chances)
def test_what_is_pending_is_due_later_and_within_the_day(
    attempts: int, elapsed_s: float, chance: float
) -> None:
    now = NOW + timedelta(seconds=elapsed_s)
    verdict = judge(POLICY, replace(DELIVERY, attempts=attempts), LOST, now, chance)
    if verdict.state is DeliveryState.PENDING:
        assert now < verdict.next_attempt_at <= NOW + timedelta(days=1)
    else:
        assert verdict.state is DeliveryState.GIVEN_UP
        assert elapsed_s > 86_400 - 21_600


def test_the_message_stays_the_same_and_tells_which_run_ended() -> None:
    later = replace(DELIVERY, attempts=7, answered=500, next_attempt_at=NOW + timedelta(hours=1))
    assert message(later) == message(DELIVERY)
    assert json.loads(message(DELIVERY)) == {
        "type": "run.succeeded",
        "timestamp": "2026-01-05T12:00:00Z",
        "data": {"run_id": str(UUID(int=7)), "kind": "portfolio", "status": "succeeded"},
    }


def test_a_later_attempt_is_signed_for_its_own_time_under_the_same_id() -> None:
    secret, body = new_secret(bytes(32)), message(DELIVERY)
    first = signed_headers(DELIVERY, secret, body, NOW)
    second = signed_headers(DELIVERY, secret, body, NOW + timedelta(seconds=5))
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 5
    for headers in (first, second):
        timestamp = int(headers["webhook-timestamp"])
        expected = signature(secret, headers["webhook-id"], timestamp, body)
        assert headers["webhook-signature"] == expected
