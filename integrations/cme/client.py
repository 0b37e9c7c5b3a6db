"""Own the connections to the venue: access token, reference data, one market data session."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.errors import BadFrame, FeedDisconnected, NotFound, SourceUnavailable
from integrations.cme.codec import VENUE, Frame, MessageKind, decode, encode_subscribe
from integrations.cme.reference import ListedContract, decode_instruments, decode_product_guid

_UNAUTHORIZED = 401
_PAGE_SIZE = 100
_MAX_PAGES = 100
_QUEUED_FRAMES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class CmeConfig:
    """Name the venue's three addresses, the credentials, and how long to wait for what.

    `silence_timeout_s` is three heartbeats of 5 s. A token is renewed when `renew_token_at` of
    its life is over. Proxies named in the environment are used only if `trust_environment`.
    """

    auth_url: str
    stream_url: str
    refdata_url: str
    api_id: str
    password: str = field(repr=False)
    http_timeout_s: float = 10.0
    open_timeout_s: float = 10.0
    login_timeout_s: float = 10.0
    subscribe_timeout_s: float = 10.0
    silence_timeout_s: float = 15.0
    close_timeout_s: float = 1.0
    renew_token_at: float = 0.8
    trust_environment: bool = False


class _TokenAnswer(msgspec.Struct):
    access_token: str
    expires_in: float


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    renew_at_ns: int


class CmeClient:
    """Talk to the venue, or to its sandbox, which only the addresses tell apart.

    Events carry `source`. Close it, or use it as an async context manager, when done.
    """

    def __init__(self, config: CmeConfig, *, source: str, clock: Clock) -> None:
        self._config = config
        self._source = source
        self._clock = clock
        self._http = httpx.AsyncClient(
            timeout=config.http_timeout_s, trust_env=config.trust_environment
        )
        self._token: _Token | None = None
        self._renewing = asyncio.Lock()
        self._last_session_id = 0

    async def __aenter__(self) -> "CmeClient":
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the pooled HTTP connections."""
        await self._http.aclose()

    async def token(self) -> str:
        """Return an access token that is good for a while yet.

        Raises:
            SourceUnavailable: the venue gives none.
        """
        async with self._renewing:
            if self._token is None or self._clock.now_ns() >= self._token.renew_at_ns:
                self._token = await self._fetch_token()
            return self._token.text

    def forget_token(self) -> None:
        """Let the next call fetch a new token."""
        self._token = None

    async def _fetch_token(self) -> _Token:
        requested_ns = self._clock.now_ns()
        answer = await self._request(
            "POST",
            self._config.auth_url,
            data={"grant_type": "client_credentials"},
            auth=httpx.BasicAuth(self._config.api_id, self._config.password),
        )
        _require_success(answer, "token")
        try:
            token = msgspec.json.decode(answer.content, type=_TokenAnswer)
        except msgspec.DecodeError as error:
            raise _unavailable(reason=f"token: {error}") from error
        life_ns = token.expires_in * self._config.renew_token_at * NANOSECONDS_PER_SECOND
        return _Token(token.access_token, requested_ns + int(life_ns))

    async def instruments(self, product: str) -> list[ListedContract]:
        """Return the futures contracts that the venue lists for a product, all pages.

        Raises:
            SourceUnavailable: the venue does not answer as it should.
            NotFound: the venue does not list the product.
            BadFrame: a document has another form.
        """
        base = self._config.refdata_url.rstrip("/")
        query = {
            "globexProductCode": product,
            "exchangeGlobex": "XNYM",
            "securityType": "FUT",
        }
        found = await self._get(httpx.URL(f"{base}/products", params=query))
        guid = decode_product_guid(found, product)
        if guid is None:
            raise NotFound(what="Product", name=product)
        first = {"productGuid": guid, "page": "0", "size": str(_PAGE_SIZE)}
        url: httpx.URL | None = httpx.URL(f"{base}/instruments", params=first)
        listed: list[ListedContract] = []
        for _ in range(_MAX_PAGES):
            if url is None:
                return listed
            page, following = decode_instruments(await self._get(url), product)
            listed.extend(page)
            url = None if following is None else self._next_page(url, following)
        raise _unavailable(reason=f"{product} has more than {_MAX_PAGES} pages of instruments")

    def _next_page(self, url: httpx.URL, following: str) -> httpx.URL:
        joined = url.join(following)
        # The token goes along, so it goes nowhere but to the host we were told to trust.
        if (joined.scheme, joined.netloc) != (url.scheme, url.netloc):
            raise _unavailable(reason=f"the next page is on another host: {joined.host}")
        return joined

    async def _get(self, url: httpx.URL) -> bytes:
        for is_last in (False, True):
            headers = {"Authorization": f"Bearer {await self.token()}"}
            answer = await self._request("GET", url, headers=headers)
            if answer.status_code != _UNAUTHORIZED or is_last:
                break
            self.forget_token()
        _require_success(answer, url.path)
        return answer.content

    async def _request(
        self,
        method: str,
        url: httpx.URL | str,
        *,
        headers: dict[str, str] | None = None,
        data: dict[str, str] | None = None,
        auth: httpx.BasicAuth | None = None,
    ) -> httpx.Response:
        try:
            return await self._http.request(method, url, headers=headers, data=data, auth=auth)
        except httpx.HTTPError as error:
            raise _unavailable(reason=f"{type(error).__name__} at {url}: {error}") from error

    @asynccontextmanager
    async def connect(
        self, products: Sequence[str], period_codes: Sequence[str] = ()
    ) -> AsyncIterator["CmeSession"]:
        """Open a session that is logged in and has asked for the products' futures.

        No period codes means every listed month.

        Raises:
            SourceUnavailable: no token or no connection.
            FeedDisconnected: the login was refused, or the connection ended.
        """
        async with self._open() as websocket:
            session = CmeSession(
                websocket,
                session_id=self._new_session_id(),
                source=self._source,
                clock=self._clock,
                config=self._config,
            )
            await session.log_in()
            await session.subscribe(products, period_codes)
            yield session

    def _new_session_id(self) -> int:
        self._last_session_id = max(self._clock.now_ns(), self._last_session_id + 1)
        return self._last_session_id

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[ClientConnection]:
        websocket = await self._handshake()
        try:
            yield websocket
        finally:
            await websocket.close()

    async def _handshake(self) -> ClientConnection:
        config = self._config
        try:
            return await open_websocket(
                config.stream_url,
                additional_headers={"Authorization": f"Bearer {await self.token()}"},
                open_timeout=config.open_timeout_s,
                close_timeout=config.close_timeout_s,
                max_queue=_QUEUED_FRAMES,
                proxy=True if config.trust_environment else None,
            )
        except InvalidStatus as error:
            if error.response.status_code == _UNAUTHORIZED:
                self.forget_token()
            raise _unavailable(reason=f"stream: status {error.response.status_code}") from error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            raise _unavailable(reason=f"stream: {type(error).__name__} {error}".rstrip()) from error


class CmeSession:
    """Yield the frames of one connection, a frame that cannot be read as its `BadFrame`.

    `session_id` rises with every connection. Iterating raises FeedDisconnected when the
    connection ends, is silent too long, or the venue refuses the login or the subscription.
    """

    def __init__(
        self,
        websocket: ClientConnection,
        *,
        session_id: int,
        source: str,
        clock: Clock,
        config: CmeConfig,
    ) -> None:
        self.session_id = session_id
        self._websocket = websocket
        self._source = source
        self._clock = clock
        self._config = config
        self._first: Frame | None = None
        self._subscribe_by_ns: int | None = None

    async def log_in(self) -> None:
        """Wait until the venue accepts the session.

        Raises:
            FeedDisconnected: it refuses, or says something else, or nothing.
        """
        frame = await self._receive(self._config.login_timeout_s)
        if isinstance(frame, BadFrame):
            raise _disconnected(reason=frame.detail)
        if not frame.is_login_accepted:
            raise _disconnected(reason=f"login refused: {frame.message_type} {frame.status}")
        self._first = frame

    async def subscribe(self, products: Sequence[str], period_codes: Sequence[str]) -> None:
        """Ask for trades, tops of book and statistics; the answer comes with the frames.

        Raises:
            FeedDisconnected: the connection ended.
        """
        try:
            request = encode_subscribe(1, products, period_codes)
            await self._websocket.send(request, text=True)
        except ConnectionClosed as error:
            raise _disconnected(reason=_closing(error)) from error
        patience_ns = int(self._config.subscribe_timeout_s * NANOSECONDS_PER_SECOND)
        self._subscribe_by_ns = self._clock.now_ns() + patience_ns

    def __aiter__(self) -> "CmeSession":
        return self

    async def __anext__(self) -> Frame | BadFrame:
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        received = await self._receive(self._config.silence_timeout_s)
        if isinstance(received, Frame):
            self._check(received)
        self._check_subscription()
        return received

    def _check(self, frame: Frame) -> None:
        if frame.kind is MessageKind.SUBSCRIPTION_STATUS:
            self._subscribe_by_ns = None
        elif frame.kind is MessageKind.SUBSCRIPTION_ERROR:
            raise _disconnected(reason=f"subscription refused: {frame.text or frame.status}")
        elif frame.kind is MessageKind.LOGIN_STATUS and not frame.is_login_accepted:
            raise _disconnected(reason=f"the venue ended the session: {frame.status}")

    def _check_subscription(self) -> None:
        # Heartbeats alone keep a socket alive, so a lost request would never be noticed.
        if self._subscribe_by_ns is not None and self._clock.now_ns() > self._subscribe_by_ns:
            raise _disconnected(reason="the subscription was never confirmed")

    async def _receive(self, timeout_s: float) -> Frame | BadFrame:
        try:
            async with asyncio.timeout(timeout_s):
                content = await self._websocket.recv(decode=False)
        except TimeoutError as error:
            raise _disconnected(reason=f"silent for {timeout_s:g} s") from error
        except ConnectionClosed as error:
            raise _disconnected(reason=_closing(error)) from error
        try:
            return decode(
                content,
                session=self.session_id,
                received_ns=self._clock.now_ns(),
                source=self._source,
            )
        except BadFrame as error:
            return error


def _closing(error: ConnectionClosed) -> str:
    received = error.rcvd
    if received is None:
        return "closed without a word"
    return f"closed with code {received.code} {received.reason}".rstrip()


def _disconnected(*, reason: str) -> FeedDisconnected:
    return FeedDisconnected(venue=VENUE, reason=reason)


def _unavailable(*, reason: str) -> SourceUnavailable:
    return SourceUnavailable(source=VENUE, reason=reason)


def _require_success(answer: httpx.Response, what: str) -> None:
    if not answer.is_success:
        raise _unavailable(reason=f"{what}: status {answer.status_code}")
