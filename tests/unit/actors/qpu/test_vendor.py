"""Check the thread in which a synchronous client is called."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import count

import pytest

from actors.qpu.vendor import VendorThread
from core.errors import BackendUnavailable


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    opened = threading.Event()
    yield opened
    opened.set()


def made() -> VendorThread:
    numbers = count()
    return VendorThread(lambda: next(numbers), "vendor", max_left=2)


async def test_calls_come_one_after_another_from_one_thread() -> None:
    vendor, running, most = made(), 0, 0

    def ask(client: int) -> tuple[int, int]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        running -= 1
        return client, threading.get_ident()

    answers = await asyncio.gather(*(vendor.call(ask, 5.0) for _ in range(8)))
    assert len(set(answers)) == most == 1
    assert answers[0][0] == 0
    assert answers[0][1] != threading.get_ident()


async def test_urgent_calls_go_ahead_of_those_that_wait(gate: threading.Event) -> None:
    vendor, order = made(), list[str]()

    def asked(name: str, *, is_urgent: bool = False) -> asyncio.Task[None]:
        return asyncio.create_task(
            vendor.call(lambda _: order.append(name), 5.0, is_urgent=is_urgent)
        )

    first = asyncio.create_task(vendor.call(lambda _: gate.wait(20), 20.0))
    await asyncio.sleep(0)
    waiting = [asked("a"), asked("b"), asked("c", is_urgent=True), asked("d", is_urgent=True)]
    await asyncio.sleep(0)
    waiting.pop(1).cancel()
    gate.set()
    await asyncio.gather(first, *waiting)
    assert order == ["c", "d", "a"]


async def test_what_a_call_raises_is_raised_and_the_next_one_answers() -> None:
    vendor = made()
    with pytest.raises(ZeroDivisionError):
        await vendor.call(lambda client: 1 // client, 5.0)
    assert await vendor.call(lambda client: client, 5.0) == 0
    assert vendor.left_behind == 0


async def test_a_call_that_does_not_come_back_is_left_with_its_client(
    gate: threading.Event,
) -> None:
    vendor = made()
    with pytest.raises(BackendUnavailable, match=r"vendor .*: no answer within 0\.05 s"):
        await vendor.call(lambda _: gate.wait(20), 0.05)
    assert await vendor.call(lambda client: client, 5.0) == 1
    assert not vendor.is_worn_out.is_set()
    waiting = asyncio.create_task(vendor.call(lambda _: gate.wait(20), 20.0))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert vendor.left_behind == 2
    assert vendor.is_worn_out.is_set()
    assert await vendor.call(lambda client: client, 5.0) == 2
