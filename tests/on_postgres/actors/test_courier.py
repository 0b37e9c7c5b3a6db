"""Deliver webhooks to a receiver on loopback that checks who sent them."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from actors.courier import Courier, CourierConfig
from actors.deliveries import DeliveryPolicy
from core.clock import SystemClock, utc_from_ns
from core.runs import DEFAULT_ORG, RunKind, RunStatus
from core.webhooks import Delivery, DeliveryState, new_secret
from storage import webhooks
from storage.vault.sources import KeySource, VaultConfig
from tests.vaults import TEST_VAULT, VAULT

if TYPE_CHECKING:
    from storage.pool import DatabaseUrls, Pools

pytestmark = pytest.mark.postgres

SECRET_BYTES = bytes(range(32))
QUICK = DeliveryPolicy(first_s=0.02, factor=1.0, jitter=0.0)
OTHER_VAULT = VaultConfig(current=KeySource(text="A" * 42 + "E="))
RUN = UUID("019a0000-0000-7000-8000-000000000001")


def is_genuine(headers: dict[str, str], body: bytes) -> bool:
    """Judge a message as any receiver would, by the standard library alone."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.digest(SECRET_BYTES, signed, "sha256")).decode()
    return hmac.compare_digest(headers["webhook-signature"], f"v1,{digest}")


@dataclass
class Receiver:
    """Answer requests from a list of raw answers, the last one over and over."""

    answers: list[bytes] = field(default_factory=list)
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.seen.append((first, headers, body))
        self.asked.set()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == b"silence":
            await reader.read()
        writer.write(answer)
        writer.close()


def answer(status: int, *headers: str) -> bytes:
    lines = "".join(f"{line}\r\n" for line in headers)
    return f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{lines}\r\n".encode()


@asynccontextmanager
async def receiving(*answers: bytes) -> AsyncIterator[Receiver]:
    receiver = Receiver(answers=list(answers))
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


@asynccontextmanager
async def courier(urls: "DatabaseUrls", **changed: Any) -> AsyncIterator[Courier]:
    values = {
        "allow_private": True,
        "every_s": 0.02,
        "policy": QUICK,
        "vault": TEST_VAULT,
        **changed,
    }
    made = Courier.__new__(Courier)
    await made.__init__(CourierConfig(database=urls, **values), SystemClock())  # type: ignore[misc]  # as Ray does
    try:
        yield made
    finally:
        await made.close()


async def owe(pools: "Pools", url: str, event: str | None = None) -> None:
    now = utc_from_ns(SystemClock().now_ns())
    async with pools.write(DEFAULT_ORG) as connection:
        endpoint = await webhooks.add_endpoint(
            connection, VAULT, DEFAULT_ORG, url, new_secret(SECRET_BYTES), now
        )
        if event is not None:
            await webhooks.enqueue_test(connection, DEFAULT_ORG, endpoint.endpoint_id, event, now)
            return
    async with pools.system() as connection:
        await webhooks.enqueue(
            connection, DEFAULT_ORG, RUN, RunKind.PORTFOLIO, RunStatus.SUCCEEDED, now
        )


async def when(pools: "Pools", check: Callable[[Delivery], bool]) -> Delivery:
    """Wait until the one delivery is as asked, and return it."""
    async with asyncio.timeout(20):
        while True:
            async with pools.read(DEFAULT_ORG) as connection:
                (found,) = await webhooks.deliveries(connection, DEFAULT_ORG, None, 10, None)
            if check(found):
                return found
            await asyncio.sleep(0.02)


async def test_a_receiver_can_tell_that_it_is_us(pools: "Pools", database: Any) -> None:
    async with receiving(answer(204)) as receiver, courier(database.urls):
        await owe(pools, f"http://127.0.0.1:{receiver.port}/hook?a=b")
        done = await when(pools, lambda one: one.state is DeliveryState.DELIVERED)
    ((first, headers, body),) = receiver.seen
    assert first == "POST /hook?a=b HTTP/1.1"
    assert is_genuine(headers, body)
    assert not is_genuine(headers, body + b" ")
    assert json.loads(body)["data"] == {
        "run_id": str(RUN),
        "kind": "portfolio",
        "status": "succeeded",
    }
    assert (done.answered, done.attempts, done.error) == (204, 1, None)


async def test_it_is_tried_again_under_the_same_id(pools: "Pools", database: Any) -> None:
    async with receiving(answer(500), b"", answer(200)) as receiver, courier(database.urls):
        await owe(pools, f"http://127.0.0.1:{receiver.port}/")
        done = await when(pools, lambda one: one.state is DeliveryState.DELIVERED)
    assert done.attempts == len(receiver.seen) == 3
    assert len({headers["webhook-id"] for _, headers, _ in receiver.seen}) == 1
    assert all(is_genuine(headers, body) for _, headers, body in receiver.seen)


async def test_it_is_given_up_in_the_end(pools: "Pools", database: Any) -> None:
    policy = DeliveryPolicy(first_s=0.02, factor=1.0, give_up_after_s=0.3)
    async with receiving(answer(503)) as receiver, courier(database.urls, policy=policy):
        await owe(pools, f"http://127.0.0.1:{receiver.port}/")
        done = await when(pools, lambda one: one.state is DeliveryState.GIVEN_UP)
    assert (done.answered, done.error) == (503, "answered 503")
    assert done.attempts == len(receiver.seen) > 1


async def test_a_redirection_is_not_followed(pools: "Pools", database: Any) -> None:
    async with receiving(answer(200)) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere.port}/"
        async with receiving(answer(307, location)) as receiver, courier(database.urls):
            await owe(pools, f"http://127.0.0.1:{receiver.port}/")
            tried = await when(pools, lambda one: one.answered == 307)
    assert tried.error == "answered 307"
    assert elsewhere.seen == []


async def test_a_silent_receiver_costs_its_time_and_no_more(pools: "Pools", database: Any) -> None:
    async with receiving(b"silence") as receiver, courier(database.urls, within_s=0.1):
        await owe(pools, f"http://127.0.0.1:{receiver.port}/")
        tried = await when(pools, lambda one: one.error is not None)
    assert tried.error == "no answer within 0.1 s"


async def test_an_endless_answer_is_not_read(pools: "Pools", database: Any) -> None:
    endless = b"HTTP/1.1 200 X\r\nContent-Length: 100000000000\r\n\r\nand so on"
    async with receiving(endless) as receiver, courier(database.urls):
        await owe(pools, f"http://127.0.0.1:{receiver.port}/")
        done = await when(pools, lambda one: one.state is DeliveryState.DELIVERED)
    assert done.attempts == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "[::ffff:127.0.0.1]"])
async def test_no_name_leads_into_our_own_network(pools: "Pools", database: Any, host: str) -> None:
    async with receiving(answer(200)) as receiver:
        async with courier(database.urls, allow_private=False):
            await owe(pools, f"https://{host}:{receiver.port}/")
            tried = await when(pools, lambda one: one.error is not None)
        assert receiver.seen == []
    assert "public address" in str(tried.error)


async def test_the_address_that_was_judged_is_the_one_that_is_reached(
    pools: "Pools", database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let a name lead to the receiver once and elsewhere ever after."""
    looked_up: list[str] = []

    async def getaddrinfo(host: str, port: int, **_options: Any) -> list[Any]:
        looked_up.append(host)
        address = "127.0.0.1" if len(looked_up) == 1 else "127.0.0.2"
        return [(2, 1, 6, "", (address, port))]

    async with receiving(answer(200)) as receiver, courier(database.urls) as made:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
        await owe(pools, f"http://hook.example:{receiver.port}/")
        await when(pools, lambda one: one.state is DeliveryState.DELIVERED)
        at_once = CourierConfig(database=database.urls, vault=TEST_VAULT).at_once
        assert repr(made) == f"Courier({at_once} at once)"
    ((_, headers, _),) = receiver.seen
    assert looked_up == ["hook.example"]
    assert headers["host"] == f"hook.example:{receiver.port}"


async def test_a_courier_that_dies_loses_nothing(pools: "Pools", database: Any) -> None:
    async with receiving(b"silence") as receiver:
        async with courier(database.urls):
            await owe(pools, f"http://127.0.0.1:{receiver.port}/", "webhook.test")
            async with asyncio.timeout(20):
                await receiver.asked.wait()
        async with pools.system() as connection:
            await connection.execute("UPDATE webhook_deliveries SET next_attempt_at = now()")
        receiver.answers = [answer(200)]
        async with courier(database.urls):
            done = await when(pools, lambda one: one.state is DeliveryState.DELIVERED)
    assert done.attempts == 2
    assert json.loads(receiver.seen[-1][2])["type"] == "webhook.test"


async def test_an_endpoint_that_does_not_answer_keeps_no_other_waiting(
    pools: "Pools", database: Any
) -> None:
    async with receiving(b"silence") as silent, receiving(answer(200)) as other:
        for _ in range(2):
            await owe(pools, f"http://127.0.0.1:{silent.port}/")
        now = utc_from_ns(SystemClock().now_ns())
        async with pools.write(DEFAULT_ORG) as connection:
            first, *_ = await webhooks.endpoints(connection, DEFAULT_ORG)
            for _ in range(40):
                await webhooks.enqueue_test(
                    connection, DEFAULT_ORG, first.endpoint_id, "webhook.test", now
                )
        await owe(pools, f"http://127.0.0.1:{other.port}/", "webhook.test")
        async with courier(database.urls), asyncio.timeout(5):
            await other.asked.wait()
    assert len(silent.seen) < 40


async def test_all_that_is_old_is_forgotten(
    pools: "Pools", database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_FORGOTTEN_AT_ONCE", 2)
    await owe(pools, "http://127.0.0.1:9/")
    async with pools.system() as connection:
        await connection.execute(
            "INSERT INTO webhook_deliveries (org_id, delivery_id, endpoint_id, event, created_at, "
            "next_attempt_at, state, finished_at) SELECT org_id, gen_random_uuid(), endpoint_id, "
            "event, created_at, now(), 'given_up', '2020-01-01' FROM webhook_deliveries, "
            "generate_series(1, 7)"
        )
    async with courier(database.urls), asyncio.timeout(20):
        left = 8
        while left > 1:
            await asyncio.sleep(0.02)
            async with pools.read(DEFAULT_ORG) as connection:
                left = len(await webhooks.deliveries(connection, DEFAULT_ORG, None, 10, None))


async def test_a_secret_that_does_not_open_fails_the_attempt_and_sends_nothing(
    pools: "Pools", database: Any
) -> None:
    async with receiving(answer(200)) as receiver:
        await owe(pools, f"http://127.0.0.1:{receiver.port}/")
        async with courier(database.urls, vault=OTHER_VAULT):
            tried = await when(pools, lambda one: one.error is not None)
        assert tried.state is DeliveryState.PENDING
        assert "opened" in str(tried.error)
        assert receiver.seen == []
        async with courier(database.urls):
            await when(pools, lambda one: one.state is DeliveryState.DELIVERED)


async def all_sealed(pools: "Pools") -> None:
    """Wait until no secret is left in plain."""
    async with asyncio.timeout(20):
        while True:
            async with pools.system() as connection:
                if not await connection.fetchval("SELECT count(secret) FROM webhook_endpoints"):
                    return
            await asyncio.sleep(0.02)


async def test_what_was_stored_in_plain_is_sealed_and_still_signs(
    pools: "Pools", database: Any
) -> None:
    async with receiving(answer(200)) as receiver:
        await owe(pools, f"http://127.0.0.1:{receiver.port}/")
        async with pools.system() as connection:
            await connection.execute(
                "UPDATE webhook_endpoints SET secret = $1, sealed_secret = NULL",
                new_secret(SECRET_BYTES),
            )
        async with courier(database.urls):
            await when(pools, lambda one: one.state is DeliveryState.DELIVERED)
            await all_sealed(pools)
    ((_, headers, body),) = receiver.seen
    assert is_genuine(headers, body)
