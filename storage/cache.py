"""Own what is hot: quote streams, snapshots, forecasts, and wake-up calls for those who watch.

Nothing here is the only copy: the server may be flushed or restarted at any time.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Self
from uuid import UUID

import redis.asyncio as redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.errors import SourceUnavailable

MAX_STREAM_ENTRIES = 10_000
FROM_NOW_ON = "$"
_CONNECT_TIMEOUT_S = 2.0
_ANSWER_TIMEOUT_S = 5.0
_PAYLOAD = b"payload"
_BEFORE_ALL = "0-0"
_LAST_SEQUENCE = 2**64 - 1
# One call for many entries: a command for each takes eight times as long to write.
_APPEND = """
for entry = 2, #ARGV do
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'payload', ARGV[entry])
end
"""
_APPEND_AT_ONCE = 500  # the server serves no one else meanwhile


class StreamEntry(NamedTuple):
    """Hold one payload of a product's quote stream and the id to resume after."""

    product: str
    entry_id: str
    payload: bytes


class Cache:
    """Speak to one Valkey or Redis; every method may be called again after a failure.

    All but `notify_run` and the subscriptions raise SourceUnavailable if the server cannot be
    reached. What was lost in a flush is simply absent.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client

    @classmethod
    async def open(cls, url: str) -> Self:
        """Prepare a client of `unix:///path`, `redis://` or `rediss://`; connect when needed."""
        return cls(
            redis.Redis.from_url(
                url,
                socket_connect_timeout=_CONNECT_TIMEOUT_S,
                socket_timeout=None,  # reads that wait for entries have limits of their own
            )
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def publish_quotes(self, payloads: Mapping[str, Sequence[bytes]]) -> None:
        """Append payloads to the streams of their products, which keep about the last 10,000."""
        async with _reachable(), self._client.pipeline(transaction=False) as pipeline:
            for product, listed in payloads.items():
                for start in range(0, len(listed), _APPEND_AT_ONCE):
                    part = listed[start : start + _APPEND_AT_ONCE]
                    pipeline.eval(_APPEND, 1, _stream(product), MAX_STREAM_ENTRIES, *part)
            await pipeline.execute()

    async def read_quotes(
        self, positions: dict[str, str], block_ms: int, count: int
    ) -> list[StreamEntry]:
        """Wait up to `block_ms` for entries after each product's position, at most `count` each.

        A position `$` is replaced in `positions` by the last entry there is, so that nothing
        between two calls is missed. Positions older than the stream start at its first entry:
        only a read of `count` entries of a product may follow trimmed ones (see `lost_after`),
        since a trimmed stream keeps more than any reader asks for at once.
        """
        async with _reachable(_ANSWER_TIMEOUT_S + block_ms / 1000):
            for product, position in positions.items():
                if position == FROM_NOW_ON:
                    positions[product] = await self._last_id(product)
            answer: Any = await self._client.xread(
                {_stream(product): position for product, position in positions.items()},
                count=count,
                block=block_ms,
            )
        return [
            StreamEntry(_product(name), entry_id.decode(), fields[_PAYLOAD])
            for name, entries in answer or ()
            for entry_id, fields in entries
        ]

    async def lost_after(self, positions: Mapping[str, str]) -> dict[str, str]:
        """Return the products that have lost entries after their position, and where to go on.

        Entries are lost by trimming, and by a flush or restart of the server. In doubt they are:
        a position that is itself trimmed counts, unless the first entry kept is the next number.
        """
        asked = [product for product, position in positions.items() if position != FROM_NOW_ON]
        async with _reachable(), self._client.pipeline(transaction=False) as pipeline:
            for product in asked:
                pipeline.xinfo_stream(_stream(product))
            answers: Any = await pipeline.execute(raise_on_error=False)
        lost = {}
        for product, answer in zip(asked, answers, strict=True):
            if isinstance(answer, ResponseError):
                kept = _Kept(None, None, 0, 0)  # there is no such stream
            elif isinstance(answer, Exception):
                raise SourceUnavailable(source="cache", reason=str(answer)) from answer
            else:
                kept = _Kept.of(answer)
            if kept.has_lost(_numbers(positions[product])):
                lost[product] = kept.beginning
        return lost

    async def set_snapshot(self, name: str, payload: bytes) -> None:
        """Replace a snapshot."""
        async with _reachable():
            await self._client.set(f"snapshot:{name}", payload)

    async def get_snapshot(self, name: str) -> bytes | None:
        """Return a snapshot, None if there is none (any more)."""
        async with _reachable():
            found: Any = await self._client.get(f"snapshot:{name}")
        return None if found is None else bytes(found)

    async def notify_run(self, run_id: UUID) -> bool:
        """Wake the watchers of a run; tell whether the server took the call.

        Watchers also look by themselves now and then, so a lost call only costs time.
        """
        try:
            # Whoever tells has stored what it tells of, and must not stand still with the server.
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                await self._client.publish(_channel(run_id), b"")
        except (RedisError, OSError):
            return False
        return True

    async def announce_forecast(self, product: str, payload: bytes) -> None:
        """Replace a product's forecast and wake those who wait for it; it is stored already."""
        async with _reachable(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.set(_forecast(product), payload)
            pipeline.publish(_forecast(product), b"")
            await pipeline.execute()

    async def forecast(self, product: str) -> bytes | None:
        """Return the last announced forecast, None if there is none (any more)."""
        async with _reachable():
            found: Any = await self._client.get(_forecast(product))
        return None if found is None else bytes(found)

    @asynccontextmanager
    async def forecast_notifications(self, product: str) -> "AsyncIterator[RunNotifications]":
        """Subscribe to the calls of `announce_forecast` for one product."""
        async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
            notifications = RunNotifications(subscription, _forecast(product))
            await notifications.subscribe()
            yield notifications

    @asynccontextmanager
    async def run_notifications(self, run_id: UUID) -> "AsyncIterator[RunNotifications]":
        """Subscribe to the calls of `notify_run` for one run."""
        async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
            notifications = RunNotifications(subscription, _channel(run_id))
            await notifications.subscribe()
            yield notifications

    async def _last_id(self, product: str) -> str:
        last: Any = await self._client.xrevrange(_stream(product), count=1)
        return last[0][0].decode() if last else _BEFORE_ALL


class RunNotifications:
    """Wait for the calls on one channel; without a server, waiting is only sleeping."""

    def __init__(self, subscription: Any, channel: str) -> None:
        self._subscription = subscription
        self._channel = channel

    async def subscribe(self) -> bool:
        """Subscribe; tell whether the server took it."""
        try:
            await self._subscription.subscribe(self._channel)
        except (RedisError, OSError):
            return False
        return True

    async def wait(self, timeout_s: float) -> bool:
        """Return True at the next call, False after `timeout_s` without one."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while (left_s := deadline - loop.time()) > 0:
            try:
                if not self._subscription.subscribed and not await self.subscribe():
                    raise RedisConnectionError
                if await self._subscription.get_message(timeout=left_s) is not None:
                    return True
            except (RedisError, OSError):
                await asyncio.sleep(min(left_s, 1.0))
        return False


class _Kept(NamedTuple):
    """Hold which entries a stream still has; ids as pairs of numbers."""

    first: tuple[int, int] | None
    last: tuple[int, int] | None
    added: int
    length: int

    @classmethod
    def of(cls, info: dict[str, Any]) -> Self:
        first, last = info["first-entry"], info["last-generated-id"]
        return cls(
            None if first is None else _numbers(first[0].decode()),
            _numbers(last.decode()),
            int(info["entries-added"]),
            int(info["length"]),
        )

    def has_lost(self, position: tuple[int, int]) -> bool:
        if position == (0, 0):
            return self.added > self.length
        if self.last is None or position > self.last:
            return True
        if self.first is None:
            return position < self.last
        return position < _before(self.first)

    @property
    def beginning(self) -> str:
        """Return the position from which exactly the entries that are kept follow."""
        if self.first is None:
            return _BEFORE_ALL if self.last is None else _id_text(self.last)
        return _id_text(_before(self.first))


def _numbers(entry_id: str) -> tuple[int, int]:
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence)


def _id_text(numbers: tuple[int, int]) -> str:
    return f"{numbers[0]}-{numbers[1]}"


def _before(numbers: tuple[int, int]) -> tuple[int, int]:
    milliseconds, sequence = numbers
    return (milliseconds, sequence - 1) if sequence else (milliseconds - 1, _LAST_SEQUENCE)


def _stream(product: str) -> str:
    return f"quotes:{product}"


def _product(stream: bytes) -> str:
    return stream.decode().partition(":")[2]


def _forecast(product: str) -> str:
    return f"forecast:{product}"


def _channel(run_id: UUID) -> str:
    return f"run:{run_id}"


@asynccontextmanager
async def _reachable(timeout_s: float = _ANSWER_TIMEOUT_S) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except (RedisConnectionError, RedisTimeoutError, OSError) as error:
        raise SourceUnavailable(source="cache", reason=str(error) or "no answer") from error
