"""Own what becomes of a webhook's delivery: its message, and when to try again. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from core.webhooks import Delivery, DeliveryState, signature


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """Bound trying again: pauses grow by `factor` up to `longest_s`, for `give_up_after_s` in all.

    `jitter` is the share of a pause that chance may take away.
    """

    first_s: float = 5.0
    factor: float = 3.0
    longest_s: float = 21_600.0
    give_up_after_s: float = 86_400.0
    jitter: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Hold how one attempt went: the status answered, or why no answer came."""

    answered: int | None = None
    error: str | None = None

    @property
    def is_accepted(self) -> bool:
        return self.answered is not None and 200 <= self.answered < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Hold what a delivery is after an attempt, and when it is due again if it is pending."""

    state: DeliveryState
    next_attempt_at: datetime
    error: str | None


def judge(
    policy: DeliveryPolicy, delivery: Delivery, attempt: Attempt, now: datetime, chance: float
) -> Verdict:
    """Decide after an attempt, which `delivery.attempts` already counts; `chance` is in [0, 1)."""
    if attempt.is_accepted:
        return Verdict(state=DeliveryState.DELIVERED, next_attempt_at=now, error=None)
    error = attempt.error or f"answered {attempt.answered}"
    due = now + timedelta(seconds=_pause_s(policy, delivery.attempts, chance))
    if due > delivery.created_at + timedelta(seconds=policy.give_up_after_s):
        return Verdict(state=DeliveryState.GIVEN_UP, next_attempt_at=now, error=error)
    return Verdict(state=DeliveryState.PENDING, next_attempt_at=due, error=error)


def _pause_s(policy: DeliveryPolicy, attempts: int, chance: float) -> float:
    exponent = min(max(attempts, 1) - 1, 64)
    pause_s = min(policy.longest_s, policy.first_s * policy.factor**exponent)
    return pause_s * (1.0 - policy.jitter * chance)


def message(delivery: Delivery) -> bytes:
    """Return the body of a delivery: the same bytes at every attempt."""
    run_id = delivery.run_id
    return msgspec.json.encode(
        {
            "type": delivery.event,
            "timestamp": delivery.created_at,
            "data": {
                "run_id": None if run_id is None else str(run_id),
                "kind": delivery.run_kind,
                "status": delivery.run_status,
            },
        }
    )


def signed_headers(delivery: Delivery, secret: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers by which a receiver knows sender, message and time of sending."""
    message_id, timestamp = f"msg_{delivery.delivery_id.hex}", int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
