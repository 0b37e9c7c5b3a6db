"""Give every test a way to ask either client the same question over a mock transport."""

import asyncio
from collections.abc import Callable, Iterator
from inspect import isawaitable
from typing import Any, Protocol

import httpx
import pytest

from heliostat import AsyncClient, Client, RetryPolicy

Handler = Callable[[httpx.Request], httpx.Response]
URL = "http://127.0.0.1:9"


class Ask(Protocol):
    def __call__(self, handler: Handler, method: str, /, *args: Any, **options: Any) -> Any: ...


def patient() -> RetryPolicy:
    """Return a policy that repeats at once."""
    return RetryPolicy(base_s=0.0, cap_s=0.0)


def ask_sync(handler: Handler, method: str, /, *args: Any, **options: Any) -> Any:
    transport = httpx.MockTransport(handler)
    with Client(URL, "secret", retries=patient(), transport=transport) as client:
        answer = getattr(client, method)(*args, **options)
        return list(answer) if isinstance(answer, Iterator) else answer


def ask_async(handler: Handler, method: str, /, *args: Any, **options: Any) -> Any:
    async def ask() -> Any:
        transport = httpx.MockTransport(handler)
        async with AsyncClient(URL, "secret", retries=patient(), transport=transport) as client:
            answer = getattr(client, method)(*args, **options)
            return await answer if isawaitable(answer) else [item async for item in answer]

    return asyncio.run(ask())


@pytest.fixture(params=[ask_sync, ask_async], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.param
    return chosen
