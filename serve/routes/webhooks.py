"""Own webhooks over HTTP: who is told that runs have ended, and whether that reached them."""

import secrets
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from core.clock import utc_from_ns
from core.destinations import check_url
from core.identity import Permission
from core.runs import RunStatus
from core.webhooks import (
    SECRET_BYTES,
    TEST_EVENT,
    Delivery,
    DeliveryState,
    Endpoint,
    new_secret,
)
from serve.identity.access import PrincipalOf, needs
from serve.services import ServicesOf
from storage import webhooks

router = APIRouter(tags=["webhooks"])


class WebhookRequest(BaseModel):
    """Name where messages are to go."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=4_000, examples=["https://example.com/heliostat"])


class WebhookView(BaseModel):
    """Hold one endpoint of the organisation."""

    webhook_id: UUID
    url: str
    created_at: datetime


class NewWebhookView(WebhookView):
    """Hold a new endpoint with the secret that signs its messages, which is told only now."""

    secret: str


class WebhookList(BaseModel):
    """List the endpoints of the organisation, oldest first."""

    items: list[WebhookView]


class DeliveryView(BaseModel):
    """Hold one message to one endpoint.

    `state` is pending, delivered or given_up; `answered` is the last status that came back, and
    `error` why the last attempt failed. `next_attempt_at` is null once it is final.
    """

    delivery_id: UUID
    webhook_id: UUID
    event: str
    run_id: UUID | None
    kind: str | None
    status: RunStatus | None
    created_at: datetime
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime | None
    answered: int | None
    error: str | None
    finished_at: datetime | None


class DeliveryPage(BaseModel):
    """Hold one page of deliveries, newest first; pass `next_before` as `before` for the next."""

    items: list[DeliveryView]
    next_before: UUID | None


@router.post("/webhooks", status_code=201, dependencies=[needs(Permission.WEBHOOKS_MANAGE)])
async def add_webhook(
    body: WebhookRequest, caller: PrincipalOf, services: ServicesOf
) -> NewWebhookView:
    """Tell an address of every run that ends from now on.

    Messages follow the Standard Webhooks specification: `webhook-signature` is `v1,` and the
    base64 of HMAC-SHA256 over `webhook-id`.`webhook-timestamp`.body. Any answer from 200 to 299
    accepts one; otherwise it is sent again, ever less often, for a day.
    """
    url = check_url(body.url, allow_private=services.config.private_webhooks)
    secret = new_secret(secrets.token_bytes(SECRET_BYTES))
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.write(caller.org_id) as connection:
        endpoint = await webhooks.add_endpoint(
            connection, services.vault, caller.org_id, url, secret, now
        )
    return NewWebhookView(**_view(endpoint).model_dump(), secret=secret)


@router.get("/webhooks", dependencies=[needs(Permission.WEBHOOKS_READ)])
async def list_webhooks(caller: PrincipalOf, services: ServicesOf) -> WebhookList:
    """List the addresses that are told, without their secrets."""
    async with services.pools.read(caller.org_id) as connection:
        found = await webhooks.endpoints(connection, caller.org_id)
    return WebhookList(items=[_view(endpoint) for endpoint in found])


@router.get("/webhooks/deliveries", dependencies=[needs(Permission.WEBHOOKS_READ)])
async def list_deliveries(
    caller: PrincipalOf,
    services: ServicesOf,
    webhook_id: Annotated[UUID | None, Query(description="To one address; unset: to all.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="`next_before` of the page before.")] = None,
) -> DeliveryPage:
    """List what was sent and what is still owed, newest first; kept for 30 days."""
    async with services.pools.read(caller.org_id) as connection:
        page = await webhooks.deliveries(connection, caller.org_id, webhook_id, limit, before)
    last = page[-1].delivery_id if len(page) == limit else None
    return DeliveryPage(items=[_delivery_view(one) for one in page], next_before=last)


@router.delete(
    "/webhooks/{webhook_id}", status_code=204, dependencies=[needs(Permission.WEBHOOKS_MANAGE)]
)
async def remove_webhook(webhook_id: UUID, caller: PrincipalOf, services: ServicesOf) -> Response:
    """Tell an address nothing more; what was still owed to it is given up."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.write(caller.org_id) as connection:
        await webhooks.remove_endpoint(connection, caller.org_id, webhook_id, now)
    return Response(status_code=204)


@router.post(
    "/webhooks/{webhook_id}/test", status_code=202, dependencies=[needs(Permission.WEBHOOKS_MANAGE)]
)
async def test_webhook(webhook_id: UUID, caller: PrincipalOf, services: ServicesOf) -> DeliveryView:
    """Send a message of the type `webhook.test`; the deliveries tell what became of it."""
    now = utc_from_ns(services.clock.now_ns())
    async with services.pools.write(caller.org_id) as connection:
        delivery = await webhooks.enqueue_test(
            connection, caller.org_id, webhook_id, TEST_EVENT, now
        )
    return _delivery_view(delivery)


def _view(endpoint: Endpoint) -> WebhookView:
    return WebhookView(
        webhook_id=endpoint.endpoint_id, url=endpoint.url, created_at=endpoint.created_at
    )


def _delivery_view(delivery: Delivery) -> DeliveryView:
    is_pending = delivery.state is DeliveryState.PENDING
    return DeliveryView(
        delivery_id=delivery.delivery_id,
        webhook_id=delivery.endpoint_id,
        event=delivery.event,
        run_id=delivery.run_id,
        kind=delivery.run_kind,
        status=delivery.run_status,
        created_at=delivery.created_at,
        state=delivery.state,
        attempts=delivery.attempts,
        next_attempt_at=delivery.next_attempt_at if is_pending else None,
        answered=delivery.answered,
        error=delivery.error,
        finished_at=delivery.finished_at,
    )
