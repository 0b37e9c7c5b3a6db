"""Send requests again with their Idempotency-Key: one effect, one answer (promises 5, 6 and 7)."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from core.clock import utc_from_ns
from core.errors import AnswerLost, RequestInProgress, SourceUnavailable
from core.runs import DEFAULT_ORG
from serve.api import create_api
from storage import kept_answers
from storage.identity import retention
from storage.kept_answers import HELD_FOR, Answer, Claim, KeptAnswer
from storage.pool import before_commit, open_pools
from tests.identities import HEADERS
from tests.on_postgres.serve.conftest import ORIGIN, held
from tests.on_postgres.serve.test_stolen_database import dump

if TYPE_CHECKING:
    from datetime import datetime

    from serve.services import Services
    from tests.on_postgres.conftest import Database

pytestmark = pytest.mark.postgres

KEYS = 200
CLIENTS = 50
LOST = 1_000


def asked(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "machine"}


async def create(
    client: httpx.AsyncClient, key: str, name: str = "nightly", **changes: Any
) -> httpx.Response:
    body = {**asked(name), **changes}
    return await client.post("/v1/keys", json=body, headers={"Idempotency-Key": key})


async def create_at_last(client: httpx.AsyncClient, key: str) -> httpx.Response:
    """Ask again until the first request with the key has ended, as clients do."""
    while (answer := await create(client, key, key)).status_code == 409:
        assert answer.json()["type"].endswith("/request-in-progress")
        assert answer.headers["retry-after"] == "1"
        await asyncio.sleep(0)
    return answer


async def made(services: "Services") -> list[str]:
    """Return the names of the keys that were made."""
    async with services.pools.system() as conn:
        rows = await conn.fetch("SELECT name FROM api_keys WHERE name <> 'test' ORDER BY name")
    return [row["name"] for row in rows]


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition("/")[2]


def now_of(services: "Services") -> "datetime":
    return utc_from_ns(services.clock.now_ns())


async def claim(
    services: "Services", now: "datetime", *, repeatable: bool = False
) -> Claim | KeptAnswer:
    async with services.pools.system() as conn:
        return await kept_answers.claim(conn, DEFAULT_ORG, "a", "k", now, repeatable=repeatable)


@pytest.mark.timeout(300)
async def test_fifty_clients_of_two_hundred_keys_have_two_hundred_effects(
    client: httpx.AsyncClient, services: "Services", tell: Callable[[str], None]
) -> None:
    before = await made(services)
    equal = 0
    for number in range(KEYS):
        key = f"key-{number:03}"
        answers = await asyncio.gather(*(create_at_last(client, key) for _ in range(CLIENTS)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert sum("idempotency-replayed" in answer.headers for answer in answers) == CLIENTS - 1
        equal += len(answers)
    effects = len(await made(services)) - len(before)
    tell(f"promise 5: {effects} effects and {equal} equal answers of {KEYS} keys")
    assert (effects, equal) == (KEYS, KEYS * CLIENTS)


async def test_another_request_under_a_key_has_no_effect(
    client: httpx.AsyncClient, services: "Services", tell: Callable[[str], None]
) -> None:
    for number in range(20):
        first = await create(client, f"key-{number}")
        assert first.status_code == 201
    before = await made(services)
    others = [await create(client, f"key-{number}", "other") for number in range(20)]
    elsewhere = await client.post(
        "/v1/books", json=asked("nightly"), headers={"Idempotency-Key": "key-0"}
    )
    refused = {(answer.status_code, code_of(answer)) for answer in [*others, elsewhere]}
    assert refused == {(422, "idempotency-key-reused")}
    done = len(await made(services)) - len(before)
    tell(f"promise 6: {done} of 21 other requests under a key had an effect")
    assert done == 0


async def test_keys_are_kept_for_a_day_and_over_a_restart(
    client: httpx.AsyncClient, services: "Services", database: "Database"
) -> None:
    first = await create(client, "kept")
    pools = await open_pools(database.urls)
    try:
        restarted = replace(services, pools=pools)

        async def opened() -> "Services":
            return restarted

        app = held(create_api(services.config, opened), restarted)
        now = now_of(services)
        async with pools.system() as conn:
            assert await retention.forget(conn, now + timedelta(hours=24)) == {}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=ORIGIN, headers=HEADERS
        ) as after:
            again = await create(after, "kept")
        assert (again.status_code, again.content) == (201, first.content)
        async with pools.system() as conn:
            keys = await conn.fetchval("SELECT count(*) FROM vault_keys")
            gone = await retention.forget(conn, now + timedelta(hours=26))
            assert gone == {"kept_answers": 1}
            assert await conn.fetchval("SELECT count(*) FROM vault_keys") == keys - 1
    finally:
        await pools.close()


def send(url: str, name: str) -> socket.socket:
    """Send a request, and leave its answer unread."""
    host, _, port = url.removeprefix("http://").partition(":")
    body = httpx.Request("POST", url, json=asked(name)).content
    head = (
        f"POST /v1/keys HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Authorization: {HEADERS['Authorization']}\r\nIdempotency-Key: {name}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((host, int(port)))
    connection.sendall(head.encode() + body)
    return connection


def cut(connection: socket.socket) -> None:
    """End a connection as a proxy does that dies."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.timeout(300)
async def test_an_answer_that_was_lost_after_the_commit_is_told_again(
    url: str, services: "Services", tell: Callable[[str], None]
) -> None:
    before = len(await made(services))
    names = [f"lost-{number}" for number in range(LOST)]
    for start in range(0, LOST, 50):
        with ExitStack() as connections:
            for name in names[start : start + 50]:
                connections.callback(cut, send(url, name))
            async with asyncio.timeout(30):
                while len(await made(services)) - before < start + 50:  # noqa: ASYNC110 - no one tells
                    await asyncio.sleep(0.01)
    replayed = 0
    async with httpx.AsyncClient(base_url=url, headers=HEADERS) as client:
        for name in names:
            answer = await create_at_last(client, name)
            assert (answer.status_code, answer.json()["name"]) == (201, name)
            replayed += answer.headers.get("idempotency-replayed") == "true"
    effects = len(await made(services)) - before
    tell(f"promise 7: {replayed} of {LOST} lost answers told again, {effects} effects")
    assert (replayed, effects) == (LOST, LOST)


async def test_who_leaves_at_any_moment_comes_back_to_one_effect(
    url: str, services: "Services"
) -> None:
    before = len(await made(services))
    names = [f"left-{number}" for number in range(100)]
    async with httpx.AsyncClient(base_url=url, headers=HEADERS) as client:
        for number, name in enumerate(names):
            connection = send(url, name)
            # From before the request is read until after its answer was sent.
            await asyncio.sleep(number * 0.0002)
            cut(connection)
            assert (await create_at_last(client, name)).status_code == 201
    assert len(await made(services)) - before == len(names)


async def test_a_refusal_that_did_nothing_leaves_its_key(client: httpx.AsyncClient) -> None:
    refused = await create(client, "mended", role="nobody")
    assert refused.status_code == 422
    done = await create(client, "mended")
    assert (done.status_code, "idempotency-replayed" in done.headers) == (201, False)


@pytest.mark.parametrize("keys", [["a", "b"], ["é"], ["x" * 201], [""]], ids=str)
async def test_what_is_no_key_is_refused(client: httpx.AsyncClient, keys: list[str]) -> None:
    headers = [("Idempotency-Key", key.encode("latin-1")) for key in keys]
    answer = await client.post("/v1/keys", json=asked("nightly"), headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "idempotency-key")


async def test_answers_lie_sealed_in_the_database(
    client: httpx.AsyncClient, database: "Database"
) -> None:
    secret = (await create(client, "my very own key")).json()["secret"]
    text = await dump(database)
    assert secret not in text
    assert "my very own key" not in text


async def test_who_died_before_an_effect_leaves_the_key_to_the_next(services: "Services") -> None:
    now = now_of(services)
    first = await claim(services, now)
    with pytest.raises(RequestInProgress):
        await claim(services, now + HELD_FOR - timedelta(seconds=1))
    second = await claim(services, now + HELD_FOR)
    assert isinstance(first, Claim)
    assert second == replace(first, attempt=2)


async def test_a_holder_that_lives_keeps_its_claim(services: "Services") -> None:
    now = now_of(services)
    first = await claim(services, now)
    assert isinstance(first, Claim)
    async with services.pools.system() as conn:
        await kept_answers.hold(conn, first, now + 3 * HELD_FOR)
    with pytest.raises(RequestInProgress):
        await claim(services, now + 2 * HELD_FOR)


async def write_as(services: "Services", claimed: Claim, *, org: bool) -> None:
    """Change something in a transaction of the request that a claim stands for."""

    async def marked(conn: Any) -> None:
        await kept_answers.mark(conn, claimed)

    token = before_commit.set(marked)
    try:
        if org:
            async with services.pools.write(DEFAULT_ORG) as conn:
                await conn.execute("SELECT pg_current_xact_id()")
        else:
            async with services.pools.system() as conn:
                await conn.execute("UPDATE organisations SET name = name")
    finally:
        before_commit.reset(token)


@pytest.mark.parametrize("org", [True, False])
async def test_an_effect_without_its_answer_is_not_repeated(
    services: "Services", org: bool
) -> None:
    now = now_of(services)
    first = await claim(services, now)
    assert isinstance(first, Claim)
    await write_as(services, first, org=org)
    with pytest.raises(AnswerLost):
        await claim(services, now + HELD_FOR)
    assert isinstance(await claim(services, now + HELD_FOR, repeatable=True), Claim)


async def test_a_holder_that_was_given_up_writes_nothing(
    services: "Services", tell: Callable[[str], None]
) -> None:
    now = now_of(services)
    refused = 0
    for number in range(100):
        first = await claim(services, now + number * HELD_FOR)
        assert isinstance(first, Claim)
        assert isinstance(await claim(services, now + (number + 1) * HELD_FOR), Claim)
        with pytest.raises(SourceUnavailable, match="took this request over"):
            await write_as(services, first, org=bool(number % 2))
        answer = Answer(status=201, headers=(), body=b"late")
        with pytest.raises(SourceUnavailable, match="took this request over"):
            async with services.pools.system() as conn:
                await kept_answers.keep(conn, services.vault, first, b"d", answer, now)
        refused += 1
        now += HELD_FOR
    tell(f"keys of requests: {refused} of 100 late writers refused")


async def test_reading_is_no_effect(services: "Services") -> None:
    first = await claim(services, now_of(services))
    assert isinstance(first, Claim)
    async with services.pools.system() as conn:
        await conn.fetch("SELECT FROM organisations")
        await kept_answers.mark(conn, first)
    async with services.pools.system() as conn:
        assert await kept_answers.release(conn, first)


async def test_an_import_is_followed_as_it_goes_and_told_again(client: httpx.AsyncClient) -> None:
    content = "date,product,position,settlement\n2024-01-02,CL,1,70.38\n"
    headers = {"Idempotency-Key": "import"}
    first, again = [
        await client.post(
            "/v1/settlements/imports", params={"name": "x"}, content=content, headers=headers
        )
        for _ in range(2)
    ]
    assert '"event":"done"' in first.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
