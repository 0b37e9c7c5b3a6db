"""Own the stored webhooks: endpoints with their secrets, and the outbox of deliveries to them."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import uuid_utils.compat as uuid_utils

from core.errors import InvalidInput, NotFound
from core.runs import RunKind, RunStatus
from core.webhooks import Delivery, DeliveryState, DueDelivery, Endpoint
from storage import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from storage.pool import ReadConn, WriteConn
    from storage.vault.vault import Vault

_SQL = sql.load("webhooks")

MAX_ENDPOINTS = 10
PURPOSE = "webhook"
"""Be what secrets of webhooks are sealed for."""
_FORGOTTEN_AT_ONCE = 1_000
_SEALED_AT_ONCE = 100


async def add_endpoint(
    conn: "WriteConn", vault: "Vault", org_id: UUID, url: str, secret: str, now: datetime
) -> Endpoint:
    """Store an endpoint of an organisation, its secret sealed.

    Raises:
        InvalidInput: the organisation has as many as it may have.
    """
    await conn.execute(_SQL["lock_endpoints"], org_id)
    if await conn.fetchval(_SQL["count_endpoints"], org_id) >= MAX_ENDPOINTS:
        reason = f"expected at most {MAX_ENDPOINTS} webhooks; remove one first"
        raise InvalidInput(field="url", reason=reason)
    endpoint = Endpoint(endpoint_id=uuid_utils.uuid7(), url=url, created_at=now)
    sealed = await vault.seal(conn, secret.encode(), PURPOSE)
    await conn.execute(_SQL["insert_endpoint"], org_id, endpoint.endpoint_id, url, sealed, now)
    return endpoint


async def endpoints(conn: "ReadConn", org_id: UUID) -> list[Endpoint]:
    """List the endpoints of an organisation, oldest first."""
    return [Endpoint(**row) for row in await conn.fetch(_SQL["endpoints"], org_id)]


async def remove_endpoint(
    conn: "WriteConn", org_id: UUID, endpoint_id: UUID, now: datetime
) -> None:
    """Remove an endpoint and its secret; what was not delivered to it is given up.

    Raises:
        NotFound: the organisation has none of this id.
    """
    if await conn.fetchval(_SQL["remove_endpoint"], org_id, endpoint_id, now) is None:
        raise NotFound(what="webhook", name=str(endpoint_id))
    await conn.execute(_SQL["give_up_all"], org_id, endpoint_id, now)


async def enqueue(
    conn: "WriteConn",
    org_id: UUID,
    run_id: UUID,
    kind: RunKind,
    status: RunStatus,
    now: datetime,
) -> None:
    """Owe every endpoint of an organisation one message that a run has ended.

    Belongs into the transaction that ends the run; a repetition owes nothing more.
    """
    await conn.execute(_SQL["enqueue"], org_id, run_id, kind.value, status.value, now)


async def enqueue_test(
    conn: "WriteConn", org_id: UUID, endpoint_id: UUID, event: str, now: datetime
) -> Delivery:
    """Owe one endpoint a message without a run.

    Raises:
        NotFound: the organisation has none of this id.
    """
    delivery_id = await conn.fetchval(_SQL["enqueue_test"], org_id, endpoint_id, event, now)
    if delivery_id is None:
        raise NotFound(what="webhook", name=str(endpoint_id))
    row = await conn.fetchrow(_SQL["read_delivery"], org_id, delivery_id)
    assert row is not None  # noqa: S101 - the statement before made it
    return _delivery(row)


async def deliveries(
    conn: "ReadConn", org_id: UUID, endpoint_id: UUID | None, limit: int, before: UUID | None
) -> list[Delivery]:
    """List deliveries, newest first, from the one before `before` on."""
    rows = await conn.fetch(_SQL["deliveries"], org_id, endpoint_id, before, limit)
    return [_delivery(row) for row in rows]


async def claim(
    conn: "WriteConn",
    now: datetime,
    until: datetime,
    limit: int,
    *,
    of_each: int | None = None,
    but: "Sequence[UUID]" = (),
) -> list[DueDelivery]:
    """Take deliveries that are due and count an attempt of each; needs the system role.

    At most `of_each` go to one endpoint, and none to those in `but`.
    One that is not settled before `until` is due again, so a courier that dies loses none.
    """
    return [
        DueDelivery(
            org_id=row["org_id"],
            delivery=_delivery(row),
            url=row["url"],
            plain_secret=row["secret"],
            sealed_secret=row["sealed_secret"],
        )
        for row in await conn.fetch(_SQL["claim"], now, until, limit, list(but), of_each or limit)
    ]


async def secret_of(conn: "ReadConn", vault: "Vault", due: DueDelivery) -> str | None:
    """Open the secret of a delivery's endpoint, None once that is removed; needs the system role.

    Raises:
        VaultSealBroken, VaultKeyUnknown, SourceUnavailable: the vault cannot open it.
    """
    if due.sealed_secret is None:
        return due.plain_secret
    return (await vault.open(conn, due.sealed_secret, PURPOSE)).decode()


async def seal_plain(conn: "WriteConn", vault: "Vault") -> int:
    """Seal secrets that are stored in plain, and return how many; needs the system role.

    A hundred at most: none are left once it returns 0.
    """
    rows = await conn.fetch(_SQL["plain_secrets"], _SEALED_AT_ONCE)
    for row in rows:
        sealed = await vault.seal(conn, row["secret"].encode(), PURPOSE)
        await conn.execute(_SQL["replace_secret"], row["org_id"], row["endpoint_id"], sealed)
    return len(rows)


async def settle(
    conn: "WriteConn",
    due: DueDelivery,
    state: DeliveryState,
    next_attempt_at: datetime,
    answered: int | None,
    error: str | None,
    now: datetime,
) -> None:
    """Record how an attempt went; a delivery that is final stays as it is."""
    await conn.execute(
        _SQL["settle"],
        due.org_id,
        due.delivery.delivery_id,
        state.value,
        next_attempt_at,
        answered,
        error,
        None if state is DeliveryState.PENDING else now,
    )


async def forget(conn: "WriteConn", before: datetime) -> bool:
    """Delete deliveries that ended before a moment, a thousand at most; needs the system role.

    Tells whether there may be more.
    """
    deleted = await conn.fetch(_SQL["forget"], before, _FORGOTTEN_AT_ONCE)
    return len(deleted) == _FORGOTTEN_AT_ONCE


def _delivery(row: "asyncpg.Record") -> Delivery:
    status = row["run_status"]
    return Delivery(
        delivery_id=row["delivery_id"],
        endpoint_id=row["endpoint_id"],
        event=row["event"],
        run_id=row["run_id"],
        run_kind=row["run_kind"],
        run_status=None if status is None else RunStatus(status),
        created_at=row["created_at"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        next_attempt_at=row["next_attempt_at"],
        answered=row["answered"],
        error=row["error"],
        finished_at=row["finished_at"],
    )
