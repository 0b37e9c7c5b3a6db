"""Check whose turn it is, and that none is lost."""

import asyncio
import random

from actors.qpu.turns import Turns


async def test_a_turn_that_is_given_and_not_taken_is_passed_on() -> None:
    turns = Turns()

    async def wait() -> None:
        async with turns.taken():
            raise AssertionError

    async with turns.taken():
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    async with asyncio.timeout(5), turns.taken():
        pass


async def test_one_at_a_time_whoever_gives_up() -> None:
    turns, rng = Turns(), random.Random(7)
    taken, most, served = 0, 0, 0

    async def take(is_urgent: bool) -> None:
        nonlocal taken, most, served
        async with turns.taken(is_urgent=is_urgent):
            taken += 1
            most = max(most, taken)
            try:
                await asyncio.sleep(0)
                served += 1
            finally:
                taken -= 1

    tasks = []
    for _ in range(400):
        tasks.append(asyncio.create_task(take(rng.random() < 0.3)))
        if rng.random() < 0.4:
            await asyncio.sleep(0)
        if rng.random() < 0.3:
            rng.choice(tasks).cancel()
    async with asyncio.timeout(20):
        await asyncio.gather(*tasks, return_exceptions=True)
    given_up = sum(task.cancelled() for task in tasks)
    assert most == 1
    assert served + given_up == len(tasks)
    async with asyncio.timeout(5), turns.taken():
        pass
