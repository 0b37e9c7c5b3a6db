"""Own how one question is put to the API: sent, retried, followed over lost connections."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

from pydantic import BaseModel, TypeAdapter

from heliostat.answers import NOTHING_LEFT, open_checked, parse
from heliostat.effects import Call, Emit, Flow, Pause, Reply, read_all, read_chunk
from heliostat.errors import ApiError, HeliostatError, Unreachable
from heliostat.readers import EVENT_STREAM_TYPE, StreamReader
from heliostat.retry import Jitter, RetryPolicy, Timeouts, pause_before_retry, system_jitter
from heliostat.sse import FrameDecoder, json_object

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Hold the settings of one client and what all of its flows are made of."""

    retries: RetryPolicy = field(default_factory=RetryPolicy)
    timeouts: Timeouts = field(default_factory=Timeouts)
    jitter: Jitter = system_jitter
    new_key: Callable[[], str] = field(default=lambda: str(uuid4()))

    def _keyed_post(self, path: str, body: bytes | None) -> Call:
        headers = {"Idempotency-Key": self.new_key()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return Call(method="POST", path=path, headers=headers, body=body)

    def _fetch(self, model: type[M], call: Call) -> Flow[M]:
        body = yield from self._send(call)
        return parse(TypeAdapter(model), json_object(body))

    def _items(self, model: type[M], call: Call) -> Flow[tuple[M, ...]]:
        body = yield from self._send(call)
        return parse(tuple_of(model), json_object(body).get("items"))

    def _send(self, call: Call) -> Flow[bytes]:
        _, body = yield from self._exchange(call)
        return body

    def _exchange(self, call: Call) -> Flow[tuple[Reply, bytes]]:
        def attempt() -> Flow[tuple[Reply, bytes]]:
            reply = yield from open_checked(call)
            return reply, (yield from read_all())

        return self._retrying(call, attempt)

    def _open(self, call: Call, media_type: str | None = None) -> Flow[Reply]:
        return self._retrying(call, lambda: open_checked(call, media_type))

    def _retrying(self, call: Call, attempt: Callable[[], Flow[T]]) -> Flow[T]:
        tries = 0
        while True:
            try:
                return (yield from attempt())
            except (Unreachable, ApiError) as failure:
                tries += 1
                pause_s = self._pause_s(failure, tries, self.retries.attempts, call.repeatable)
                if pause_s is None:
                    raise
            yield Pause(pause_s)

    def _pause_s(
        self, failure: HeliostatError, tries: int, limit: int, repeatable: bool
    ) -> float | None:
        return pause_before_retry(
            self.retries,
            failure,
            attempt=tries,
            limit=limit,
            repeatable=repeatable,
            jitter=self.jitter,
        )

    def _follow(self, reader: StreamReader) -> Flow[None]:
        failures = 0
        limit = self.retries.attempts
        while True:
            failure: HeliostatError
            try:
                reply = yield from open_checked(reader.call(), EVENT_STREAM_TYPE)
                if reply.status == NOTHING_LEFT:
                    return
                limit = self.retries.stream_attempts
                decoder = FrameDecoder(reader.last_event_id)
                while (chunk := (yield from read_chunk())) is not None:
                    for frame in decoder.feed(chunk):
                        failures = 0
                        item = reader.accept(frame)
                        if item is not None:
                            yield Emit(item)
                        if reader.is_done(clean_end=False):
                            return
                if reader.is_done(clean_end=True):
                    return
                failure = Unreachable("The stream ended before its last event.")
            except (Unreachable, ApiError) as caught:
                failure = caught
            failures += 1
            pause_s = self._pause_s(failure, failures, limit, repeatable=True)
            if pause_s is None:
                raise failure
            yield Pause(pause_s)


def tuple_of(model: type[M]) -> TypeAdapter[tuple[M, ...]]:
    return TypeAdapter(tuple[model, ...])  # type: ignore[valid-type]  # a type made at run time
