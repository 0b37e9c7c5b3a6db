"""Own the vocabulary of webhooks: endpoints, deliveries, and the signature that proves a sender.

Follows the Standard Webhooks specification, version 1 with HMAC-SHA256.
"""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from core.runs import RunStatus

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
SECRET_BYTES = 32
TEST_EVENT = "webhook.test"


class DeliveryState(StrEnum):
    """Name the states of a delivery; the last two are final."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Hold where an organisation wants to be told that runs have ended."""

    endpoint_id: UUID
    url: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Hold one message to one endpoint; its id stays the same however often it is tried.

    `event` is `run.<status>`, or `webhook.test` without a run. `answered` is the status that the
    endpoint answered with last, `error` why the last attempt failed.
    """

    delivery_id: UUID
    endpoint_id: UUID
    event: str
    run_id: UUID | None
    run_kind: str | None
    run_status: RunStatus | None
    created_at: datetime
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    answered: int | None
    error: str | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDelivery:
    """Hold a delivery that is being tried.

    Its secret is sealed, or in plain where an earlier version stored it; once its endpoint is
    removed there is neither.
    """

    org_id: UUID
    delivery: Delivery
    url: str
    plain_secret: str | None = field(repr=False)
    sealed_secret: bytes | None = field(repr=False)


def new_secret(random_bytes: bytes) -> str:
    """Return the text form of a secret made of random bytes."""
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`.

    Raises:
        ValueError: the secret is not base64 after its prefix.
    """
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, sha256).digest()).decode()
