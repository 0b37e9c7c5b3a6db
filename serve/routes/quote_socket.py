"""Own the market stream as a WebSocket: the same events and ids, one JSON object a message."""

import asyncio
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from core.errors import HeliostatError, InvalidInput, Unauthenticated
from core.identity import Permission
from core.logs import get_logger
from serve.identity.access import require
from serve.market_stream import as_message, follow, read_products, start_positions
from serve.parameters import require_known
from serve.problems import document_of
from serve.services import Services

log = get_logger(__name__)
router = APIRouter(tags=["streams"])

NEEDS = Permission.MARKET_READ
SUBPROTOCOL = "heliostat"
KEY_PREFIX = "key."
"""A browser cannot set headers: it offers the subprotocols `heliostat` and `key.KEY`."""
FIRST_MESSAGE_WITHIN_S = 5.0
SEND_WITHIN_S = 30.0
MAX_MESSAGE_BYTES = 16_384
UNREAD = 1008
CLOSE_CODE_BASE = 4000
"""A refusal closes with this plus the HTTP status that it would have had."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what a reader asks for, by the query or by its first message."""

    key: str | None = None
    products: str = "CL"
    last_event_id: str | None = None
    max_events: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | None = None


@router.websocket("/ws")
async def socket_quotes(
    socket: WebSocket,
    products: Annotated[str | None, Query()] = None,
    last_event_id: Annotated[str | None, Query()] = None,
    max_events: Annotated[str | None, Query()] = None,
) -> None:
    """Send the events of `/quotes`, after `last_event_id` if given.

    A key or an access token comes in the Authorization header, as the subprotocol `key.KEY` beside
    `heliostat`, or in the first message `{"key": …, "products": …, "last_event_id": …}`; never in
    the address. A refusal is one message with the event `error` and its problem, then a close code
    of 4000 plus the HTTP status.
    """
    services: Services = socket.app.state.services
    asked = {"products": products, "last_event_id": last_event_id, "max_events": max_events}
    offered = socket.scope["subprotocols"]
    await socket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
    try:
        subscription, authorization = await _subscription(socket, services, asked)
        require_known(socket.query_params, list(asked))
        positions = start_positions(
            subscription.last_event_id, read_products(subscription.products)
        )
        sending = _send(socket, services, positions, subscription.max_events)
        await _serve(socket, sending, services.authenticator.until_refused(authorization))
    except HeliostatError as error:
        await _refuse(socket, error)
    except TimeoutError:
        log.info("socket.unread", within_s=SEND_WITHIN_S)
        await _close(socket, UNREAD, "nothing was read")
    except WebSocketDisconnect:
        return
    else:
        await _close(socket, 1000, "")


async def _subscription(
    socket: WebSocket, services: Services, asked: dict[str, str | None]
) -> tuple[Subscription, str]:
    """Return what is asked for, and what lets it in, as an Authorization header."""
    values = {name: value for name, value in asked.items() if value is not None}
    authorization = _authorization_of_handshake(socket)
    if authorization is not None:
        await _require(services, authorization)
        return _read({**values}), authorization
    message = await _first_message(socket)
    subscription = _read({**values, **message})
    authorization = f"Bearer {subscription.key}"
    await _require(services, authorization)
    return subscription, authorization


async def _require(services: Services, authorization: str) -> None:
    require(await services.authenticator.authenticate(authorization), NEEDS)


def _authorization_of_handshake(socket: WebSocket) -> str | None:
    """Return the value of an Authorization header, or what stands for it."""
    authorization: str | None = socket.headers.get("authorization")
    if authorization is not None:
        return authorization
    offered: list[str] = socket.scope["subprotocols"]
    keys = [name.removeprefix(KEY_PREFIX) for name in offered if name.startswith(KEY_PREFIX)]
    return f"Bearer {keys[0]}" if keys else None


async def _first_message(socket: WebSocket) -> dict[str, object]:
    try:
        async with asyncio.timeout(FIRST_MESSAGE_WITHIN_S):
            text = await socket.receive_text()
    except (TimeoutError, KeyError):  # nothing, or bytes
        raise Unauthenticated from None
    if len(text) > MAX_MESSAGE_BYTES:
        raise Unauthenticated
    try:
        return msgspec.json.decode(text, type=dict[str, object])
    except msgspec.DecodeError:
        raise Unauthenticated from None


def _read(values: dict[str, object]) -> Subscription:
    try:
        # Not strict, since numbers of the query are text.
        return msgspec.convert(values, Subscription, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(field="subscription", reason=str(error)) from None


async def _serve(
    socket: WebSocket,
    sending: Coroutine[Any, Any, None],
    refused: Coroutine[Any, Any, None],
) -> None:
    """Send until the stream ends, the reader leaves or is let in no more.

    What the reader says is not heard.
    """
    sends = asyncio.create_task(sending)
    refuses = asyncio.create_task(refused)
    tasks = {sends, refuses, asyncio.create_task(_until_left(socket))}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if sends in done:
            await sends
        elif refuses in done:
            await refuses
            raise Unauthenticated
        else:
            raise WebSocketDisconnect
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(
    socket: WebSocket, services: Services, positions: dict[str, str], max_events: int | None
) -> None:
    async with aclosing(follow(services.cache, positions, max_events)) as batches:
        async for batch in batches:
            for event in batch:
                async with asyncio.timeout(SEND_WITHIN_S):
                    await socket.send_text(as_message(event))


async def _until_left(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _refuse(socket: WebSocket, error: HeliostatError) -> None:
    problem = {"event": "error", "problem": document_of(error)}
    try:
        async with asyncio.timeout(SEND_WITHIN_S):
            await socket.send_text(msgspec.json.encode(problem).decode())
    except (TimeoutError, WebSocketDisconnect):
        return
    await _close(socket, CLOSE_CODE_BASE + error.status, error.code)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if WebSocketState.DISCONNECTED in {socket.client_state, socket.application_state}:
        return
    try:
        async with asyncio.timeout(1.0):
            await socket.close(code, reason)
    except (TimeoutError, WebSocketDisconnect, RuntimeError):
        # It left in the same moment, or still reads nothing: the server drops the connection.
        return
