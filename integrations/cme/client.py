"""Own the connections to the venue: access token, reference data, market data sessions."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import httpx
import msgspec

from core.clock import NANOSECONDS_PER_SECOND, Clock
from core.errors import NotFound, SourceUnavailable
from integrations.cme.codec import CME_PRODUCTS, VENUE, CmeDecoder
from integrations.cme.config import CmeConfig, config_from, sandbox_config
from integrations.cme.reference import (
    decode_instruments,
    decode_product_guid,
    decode_schedule,
    decode_schedule_id,
)
from integrations.cme.session import CmeSession
from integrations.venue import ListedContract, VenueSpec
from integrations.websocket import MessageSocket, SocketLimits, SocketRefused, open_socket

_UNAUTHORIZED = 401
_PAGE_SIZE = 100
_MAX_PAGES = 100
_MAX_LIFE_S = 86_400


class _TokenAnswer(msgspec.Struct):
    # It goes into a header, where other characters would end the line.
    access_token: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,8192}$")]
    expires_in: Annotated[float, msgspec.Meta(gt=0, le=_MAX_LIFE_S)]


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    renew_at_ns: int


class CmeClient:
    """Talk to the venue, or to its sandbox, which only the addresses tell apart.

    Events carry `source`. Close it, or use it as an async context manager, when done.
    """

    def __init__(self, config: CmeConfig, source: str, clock: Clock) -> None:
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
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
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
        query = {
            "globexProductCode": product,
            "exchangeGlobex": "XNYM",
            "securityType": "FUT",
        }
        guid = decode_product_guid(await self._get(self._address("products", query)), product)
        if guid is None:
            raise NotFound(what="Product", name=product)
        first = {"productGuid": guid, "page": "0", "size": str(_PAGE_SIZE)}
        url: httpx.URL | None = self._address("instruments", first)
        listed: list[ListedContract] = []
        for _ in range(_MAX_PAGES):
            if url is None:
                return listed
            page, following = decode_instruments(await self._get(url), product)
            listed.extend(page)
            url = None if following is None else _next_page(url, following)
        raise _unavailable(reason=f"{product} has more than {_MAX_PAGES} pages of instruments")

    async def schedule(self, product: str) -> tuple[date, ...]:
        """Return the days on which the venue plans to trade a product, about a year ahead.

        Raises:
            SourceUnavailable: the venue does not answer as it should.
            NotFound: the venue has no schedule of the product.
            BadFrame: a document has another form.
        """
        query = {"globexGroupCode": product, "size": "5"}
        found = decode_schedule_id(await self._get(self._address("tradingSchedules", query)))
        if found is None:
            raise NotFound(what="Trading schedule", name=product)
        return decode_schedule(await self._get(self._address(f"tradingSchedules/{found}", {})))

    def _address(self, path: str, query: dict[str, str]) -> httpx.URL:
        return httpx.URL(f"{self._config.refdata_url.rstrip('/')}/{path}", params=query)

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
            # For the whole answer: one that drips would outlast every limit between two bytes.
            async with asyncio.timeout(self._config.http_timeout_s):
                return await self._http.request(method, url, headers=headers, data=data, auth=auth)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _unavailable(
                reason=f"{type(error).__name__} at {url}: {error}".rstrip(": ")
            ) from error

    @asynccontextmanager
    async def connect(self, products: Sequence[str]) -> AsyncIterator[CmeSession]:
        """Open a session for every listed month of the products.

        A product that the venue refuses does not keep the others from being subscribed.

        Raises:
            SourceUnavailable: no token or no connection.
            FeedDisconnected: the login was refused, or the connection ended.
        """
        async with self._open() as socket:
            session_id = self._new_session_id()
            session = CmeSession(
                socket,
                CmeDecoder(session_id, self._source),
                session_id=session_id,
                config=self._config,
                clock=self._clock,
            )
            await session.log_in()
            session.subscribe(products)
            yield session

    def _new_session_id(self) -> int:
        self._last_session_id = max(self._clock.now_ns(), self._last_session_id + 1)
        return self._last_session_id

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[MessageSocket]:
        config = self._config
        headers = {"Authorization": f"Bearer {await self.token()}"}
        limits = SocketLimits(
            open_timeout_s=config.open_timeout_s,
            close_timeout_s=config.close_timeout_s,
            trust_environment=config.trust_environment,
        )
        try:
            async with open_socket(config.stream_url, headers, limits, self._clock) as socket:
                yield socket
        except SocketRefused as error:
            if error.status == _UNAUTHORIZED:
                self.forget_token()
            raise _unavailable(reason=f"stream: {error}") from error


def _next_page(url: httpx.URL, following: str) -> httpx.URL:
    try:
        joined = url.join(following)
    except httpx.InvalidURL as error:
        raise _unavailable(reason=f"the next page has no address: {error}") from error
    # The token goes along, so it goes nowhere but to the host we were told to trust.
    if (joined.scheme, joined.netloc) != (url.scheme, url.netloc):
        raise _unavailable(reason=f"the next page is on another host: {joined.host}")
    return joined


def _unavailable(*, reason: str) -> SourceUnavailable:
    return SourceUnavailable(source=VENUE, reason=reason)


def _require_success(answer: httpx.Response, what: str) -> None:
    if not answer.is_success:
        raise _unavailable(reason=f"{what}: status {answer.status_code}")


SPEC = VenueSpec(
    code=VENUE,
    name="CME Market Data over WebSocket",
    products=CME_PRODUCTS,
    heals_in_session=False,
    sandbox_module="integrations.cme.sandbox",
    sandbox_control_offset=0,
    config_from=config_from,
    sandbox_config=sandbox_config,
    make_client=CmeClient,
    make_decoder=CmeDecoder,
)
