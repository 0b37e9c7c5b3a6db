"""Own the two drivers that carry out the effects of a flow over httpx: plain and asynchronous."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import Any, Generic, TypeVar

import anyio
import anyio.to_thread
import httpx

from heliostat.address import Address
from heliostat.authorization import authorization_of
from heliostat.effects import (
    Call,
    Effect,
    Emit,
    FileBody,
    Flow,
    Open,
    Pause,
    Read,
    Reply,
    Write,
    unreachable,
)
from heliostat.errors import HeliostatError
from heliostat.retry import Timeouts

T = TypeVar("T")


def client_settings(address: Address, timeouts: Timeouts) -> dict[str, Any]:
    """Return what both httpx clients are built with."""
    return {
        "base_url": address.url,
        "auth": authorization_of(address),
        "headers": {"User-Agent": "heliostat-python/0.1"},
        "timeout": httpx.Timeout(
            connect=timeouts.connect_s,
            read=timeouts.read_s,
            write=timeouts.write_s,
            pool=timeouts.connect_s,
        ),
        # A proxy named in the environment would be asked for this machine's own address.
        "trust_env": not address.is_loopback,
    }


class Stepper(Generic[T]):
    """Advance a flow one effect at a time; `effect` is None once `answer` is there."""

    def __init__(self, flow: Flow[T], url: httpx.URL) -> None:
        self._flow = flow
        self._url = url
        self.answer: T
        self.effect: Effect | None = None
        self.succeed(None)

    def succeed(self, outcome: object) -> None:
        """Hand the outcome of the last effect to the flow."""
        self._advance(lambda: self._flow.send(outcome))

    def fail(self, error: httpx.RequestError | HeliostatError) -> None:
        """Throw the failure of the last effect into the flow."""
        told = error
        if isinstance(told, httpx.RequestError):
            told = unreachable(str(self._url), told)
        self._advance(lambda: self._flow.throw(told))

    def close(self) -> None:
        self._flow.close()

    def _advance(self, step: Callable[[], Effect]) -> None:
        try:
            self.effect = step()
        except StopIteration as stop:
            self.effect, self.answer = None, stop.value


class SyncTransport:
    """Drive flows over an `httpx.Client`; each flow holds at most one open answer."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def run(self, flow: Flow[T], on_item: Callable[[Any], None] | None = None) -> T:
        """Carry out a flow and return its answer, telling `on_item` what it emits."""
        stepper = Stepper(flow, self.http.base_url)
        for item in self._drive(stepper):
            if on_item is not None:
                on_item(item)
        return stepper.answer

    def iterate(self, flow: Flow[None]) -> Generator[Any, None, None]:
        """Carry out a flow, yielding what it emits."""
        return self._drive(Stepper(flow, self.http.base_url))

    def _drive(self, stepper: Stepper[Any]) -> Generator[Any, None, None]:
        wire = _SyncWire(self.http)
        try:
            while (effect := stepper.effect) is not None:
                if isinstance(effect, Emit):
                    yield effect.item
                    stepper.succeed(None)
                    continue
                try:
                    outcome = wire.perform(effect)
                except (httpx.RequestError, HeliostatError) as error:
                    stepper.fail(error)
                else:
                    stepper.succeed(outcome)
        finally:
            stepper.close()
            wire.close()


class _SyncWire:
    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._response: httpx.Response | None = None
        self._chunks: Iterator[bytes] = iter(())

    def perform(self, effect: Effect) -> Reply | bytes | None:
        match effect:
            case Open(call):
                self.close()
                self._response = self._http.send(_request(self._http, call), stream=True)
                self._chunks = self._response.iter_bytes()
                return Reply(status=self._response.status_code, headers=self._response.headers)
            case Read():
                return next(self._chunks, None)
            case Pause(seconds):
                self.close()
                time.sleep(seconds)
            case Write(sink, chunk):
                sink.write(chunk)
        return None

    def close(self) -> None:
        if self._response is not None:
            self._response.close()


class AsyncTransport:
    """Drive flows over an `httpx.AsyncClient`; each flow holds at most one open answer."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def run(self, flow: Flow[T], on_item: Callable[[Any], None] | None = None) -> T:
        """Carry out a flow and return its answer, telling `on_item` what it emits."""
        stepper = Stepper(flow, self.http.base_url)
        async for item in self._drive(stepper):
            if on_item is not None:
                on_item(item)
        return stepper.answer

    def iterate(self, flow: Flow[None]) -> AsyncGenerator[Any, None]:
        """Carry out a flow, yielding what it emits."""
        return self._drive(Stepper(flow, self.http.base_url))

    async def _drive(self, stepper: Stepper[Any]) -> AsyncGenerator[Any, None]:
        wire = _AsyncWire(self.http)
        try:
            while (effect := stepper.effect) is not None:
                if isinstance(effect, Emit):
                    yield effect.item
                    stepper.succeed(None)
                    continue
                try:
                    outcome = await wire.perform(effect)
                except (httpx.RequestError, HeliostatError) as error:
                    stepper.fail(error)
                else:
                    stepper.succeed(outcome)
        finally:
            stepper.close()
            await wire.close()


class _AsyncWire:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._response: httpx.Response | None = None
        self._chunks: AsyncIterator[bytes] | None = None

    async def perform(self, effect: Effect) -> Reply | bytes | None:
        match effect:
            case Open(call):
                await self.close()
                self._response = await self._http.send(_request(self._http, call), stream=True)
                self._chunks = self._response.aiter_bytes()
                return Reply(status=self._response.status_code, headers=self._response.headers)
            case Read() if self._chunks is not None:
                return await anext(self._chunks, None)
            case Pause(seconds):
                await self.close()
                await anyio.sleep(seconds)
            case Write(sink, chunk):
                await anyio.to_thread.run_sync(sink.write, chunk)
        return None

    async def close(self) -> None:
        if isinstance(self._chunks, AsyncGenerator):
            await self._chunks.aclose()
        if self._response is not None:
            await self._response.aclose()


def _request(http: httpx.Client | httpx.AsyncClient, call: Call) -> httpx.Request:
    timeout = http.timeout
    if call.silence_s is not None:
        timeout = httpx.Timeout(**(timeout.as_dict() | {"read": call.silence_s}))
    content: bytes | Iterator[bytes] | AsyncIterator[bytes] | None
    if isinstance(call.body, FileBody):
        content = call.body.chunks() if isinstance(http, httpx.Client) else call.body.achunks()
    else:
        content = call.body
    return http.build_request(
        call.method,
        call.path,
        params=call.params or None,
        headers=call.headers,
        content=content,
        timeout=timeout,
    )
