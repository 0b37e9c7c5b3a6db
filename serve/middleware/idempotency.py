"""Own that a POST with an Idempotency-Key is carried out once, however often it is sent.

The request goes on to its end when its caller is gone: who sends it again is told how it ended. A
refusal that changed nothing is not kept, so that what was wrong can be mended under the same key.
"""

import asyncio
from contextlib import suppress
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.clock import utc_from_ns
from core.errors import HeliostatError, IdempotencyKeyReused, InvalidInput, SourceUnavailable
from core.logs import get_logger
from serve.identity.access import admitted
from serve.problems import response_of
from storage import kept_answers
from storage.kept_answers import HELD_FOR, Answer, Claim, KeptAnswer
from storage.pool import before_commit

if TYPE_CHECKING:
    from serve.services import Services

log = get_logger(__name__)

HEADER = b"idempotency-key"
REPLAYED = (b"idempotency-replayed", b"true")
LONGEST_KEY = 200
_KEPT_HEADERS = frozenset({b"content-type", b"location", b"etag", b"retry-after"})
_REPEATABLE = frozenset({"/v1/runs"})
"""Be what may be carried out again after a crash: a run is stored together with its key."""


class Idempotency:
    """Carry out each POST below `prefix` that names a key once, and answer the others with it."""

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app = app
        self._prefix = prefix
        self._working: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        keys = [value for name, value in scope.get("headers", ()) if name == HEADER]
        principal = admitted(scope)
        if not keys or principal is None or not self._concerns(scope):
            await self._app(scope, receive, send)
            return
        services: Services = scope["app"].state.services
        body = _Body(scope, receive)
        try:
            key = _key_of(keys)
            async with services.pools.system() as conn:
                found = await kept_answers.claim(
                    conn,
                    principal.org_id,
                    principal.actor,
                    key,
                    utc_from_ns(services.clock.now_ns()),
                    repeatable=scope["path"] in _REPEATABLE,
                )
            if isinstance(found, KeptAnswer):
                await _replay(services, found, key, body, send)
                return
        except HeliostatError as error:
            await response_of(error)(scope, receive, send)
            return
        await self._once(services, found, body, scope, send)

    def _concerns(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "POST":
            return False
        path: str = scope["path"]
        return path.startswith(self._prefix)

    async def _once(
        self, services: "Services", claim: Claim, body: "_Body", scope: Scope, send: Send
    ) -> None:
        answer = _Sending(send)
        work = asyncio.create_task(self._carry_out(services, claim, body, scope, answer))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            answer.is_caller_gone = True
            raise

    async def _carry_out(
        self, services: "Services", claim: Claim, body: "_Body", scope: Scope, answer: "_Sending"
    ) -> None:
        holding = asyncio.create_task(_hold(services, claim))
        token = before_commit.set(partial(kept_answers.mark, claimed=claim))
        is_answered = False
        try:
            await self._app(scope, body.receive, answer.send)
            is_answered = True
        finally:
            before_commit.reset(token)
            holding.cancel()
            # What cannot be noted now ends by itself: the claim is held no longer.
            with suppress(SourceUnavailable):
                await _settle(services, claim, body, answer.whole() if is_answered else None)
        await answer.let_go()


async def _hold(services: "Services", claim: Claim) -> None:
    while True:
        await asyncio.sleep(HELD_FOR.total_seconds() / 3)
        now = utc_from_ns(services.clock.now_ns())
        with suppress(SourceUnavailable):  # a claim is held for long enough to miss one
            async with services.pools.system() as conn:
                await kept_answers.hold(conn, claim, now + HELD_FOR)


async def _settle(services: "Services", claim: Claim, body: "_Body", answer: Answer | None) -> None:
    """Keep what was answered; leave the key to another try where nothing was done."""
    now = utc_from_ns(services.clock.now_ns())
    if answer is not None and answer.status < 400:
        await body.read_rest()
        await _keep(services, claim, body.digest(), answer)
        return
    async with services.pools.system() as conn:
        is_released = await kept_answers.release(conn, claim)
        if not is_released and answer is None:
            await kept_answers.hold(conn, claim, now)
    if not is_released and answer is not None:
        await body.read_rest()
        await _keep(services, claim, body.digest(), answer)


async def _keep(services: "Services", claim: Claim, digest: bytes, answer: Answer) -> None:
    now = utc_from_ns(services.clock.now_ns())
    try:
        async with services.pools.system() as conn:
            await kept_answers.keep(conn, services.vault, claim, digest, answer, now)
    except SourceUnavailable as error:
        log.warning("idempotency.answer.unkept", reason=error.detail)


async def _replay(
    services: "Services", kept: KeptAnswer, key: str, body: "_Body", send: Send
) -> None:
    await body.read_rest()
    if body.digest() != kept.request_digest:
        raise IdempotencyKeyReused(key=key)
    async with services.pools.system() as conn:
        answer = await kept_answers.open_answer(conn, services.vault, kept)
    length = (b"content-length", str(len(answer.body)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [*answer.headers, length, REPLAYED],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


def _key_of(given: list[bytes]) -> str:
    """Return the key of a request.

    Raises:
        InvalidInput: there are several, or it is no key.
    """
    key = given[0].decode("latin-1")
    is_text = key.isascii() and key.isprintable()
    if len(given) > 1 or not 0 < len(key) <= LONGEST_KEY or not is_text:
        reason = f"expected one key of 1 to {LONGEST_KEY} printable ASCII characters"
        raise InvalidInput(field=HEADER.decode(), reason=reason)
    return key


class _Body:
    """Receive a body once, and know its digest together with what it was sent to.

    Once it is whole nothing is told of a caller who leaves.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        target = scope["path"].encode() + b"?" + scope.get("query_string", b"")
        self._digest = sha256(len(target).to_bytes(4) + target)
        self._receive = receive
        self._is_whole = False

    async def receive(self) -> Message:
        if self._is_whole:
            await asyncio.Event().wait()
        message = await self._receive()
        if message["type"] == "http.request":
            self._digest.update(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
        return message

    async def read_rest(self) -> None:
        while not self._is_whole:
            if (await self.receive())["type"] == "http.disconnect":
                return

    def digest(self) -> bytes:
        return self._digest.digest()


class _Sending:
    """Send an answer only when it is kept, but one of many parts as it comes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: list[Message] = []
        self._start: dict[str, Any] = {}
        self._parts: list[bytes] = []
        self.is_caller_gone = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = dict(message)
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
        self._held.append(message)
        if message.get("more_body", False):
            await self.let_go()

    def whole(self) -> Answer:
        headers = ((name.lower(), value) for name, value in self._start.get("headers", ()))
        return Answer(
            status=self._start["status"],
            headers=tuple(one for one in headers if one[0] in _KEPT_HEADERS),
            body=b"".join(self._parts),
        )

    async def let_go(self) -> None:
        held, self._held = self._held, []
        if not self.is_caller_gone:
            for message in held:
                await self._send(message)
