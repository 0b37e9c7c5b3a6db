"""Check that a body is in time or its request ends, and that nobody else is hurried."""

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from serve.middleware.bodies import MAX_BODY_BYTES, LengthGate, SlowBodyGate
from tests.unit.serve.middleware.asgi import Call, answer, part, scope_of


async def counts(scope: Any, receive: Any, send: Any) -> None:
    """Read the body and answer with its length."""
    body = await Request(scope, receive).body()
    await Response(str(len(body)))(scope, receive, send)


async def test_a_body_in_time_is_read() -> None:
    call = Call([part(b"ab", more=True), part(b"c")])
    assert (await call.run(SlowBodyGate(counts, 5.0), scope_of())).body == b"3"


async def test_a_body_that_stops_coming_ends_its_request() -> None:
    call = await Call([part(b"ab", more=True)]).run(SlowBodyGate(counts, 0.02), scope_of())
    assert call.status == 408
    problem = json.loads(call.body)
    assert problem["type"] == "https://heliostat.dev/problems/body-too-slow"
    assert len(call.sent) == 2


async def test_a_body_that_drips_ends_its_request_too() -> None:
    class Drip(Call):
        async def receive(self) -> Any:
            await asyncio.sleep(0.01)  # a byte each hundredth of a second, for ever
            return part(b"a", more=True)

    call = await Drip().run(SlowBodyGate(counts, 0.1, bytes_per_s=1_000), scope_of())
    assert call.status == 408


async def test_bytes_that_came_earn_time_for_those_to_come() -> None:
    class Slow(Call):
        async def receive(self) -> Any:
            if not self.parts:
                await asyncio.sleep(0.05)
                return part(b"")
            return self.parts.pop(0)

    call = Slow([part(b"a" * 1_000, more=True)])
    await call.run(SlowBodyGate(counts, 0.01, bytes_per_s=1_000), scope_of())
    assert call.body == b"1000"


async def test_what_an_application_does_between_parts_does_not_count() -> None:
    async def ponders(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await asyncio.sleep(0.05)
        await receive()
        await answer(scope, receive, send)

    call = Call([part(b"a", more=True), part(b"b")])
    assert (await call.run(SlowBodyGate(ponders, 0.02), scope_of())).status == 200


async def test_a_whole_body_is_followed_by_as_long_a_wait_as_it_takes() -> None:
    async def waits_for_the_end(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        gone = asyncio.create_task(receive())
        await asyncio.sleep(0.05)
        assert not gone.done()
        gone.cancel()
        await answer(scope, receive, send)

    call = await Call([part(b"")]).run(SlowBodyGate(waits_for_the_end, 0.01), scope_of())
    assert call.status == 200


async def test_what_announces_too_much_is_refused_unread() -> None:
    announced = [(b"content-length", str(MAX_BODY_BYTES + 1).encode())]
    call = await Call([part(b"a")]).run(LengthGate(counts), scope_of(headers=announced))
    assert call.status == 413
    assert len(call.parts) == 1
