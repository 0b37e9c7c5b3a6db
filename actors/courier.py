"""Own the sending of webhooks: from the outbox in the database to the endpoints."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

import httpx

from actors.deliveries import Attempt, DeliveryPolicy, judge, message, signed_headers
from actors.loops import end_loops, start_loops
from core.clock import Clock, utc_from_ns
from core.destinations import check_url, is_public
from core.errors import InvalidInput, SourceUnavailable, VaultKeyUnknown, VaultSealBroken
from core.logs import get_logger
from core.webhooks import DeliveryState, DueDelivery
from storage import webhooks
from storage.pool import DatabaseUrls, Pools, open_pools
from storage.vault.vault import VaultConfig, open_vault

log = get_logger(__name__)

USER_AGENT = "heliostat-webhooks/1"
_LEASE_S = 60.0
_ENDPOINTS_SERVED = 8
"""Let so many endpoints that do not answer keep none waiting."""
_FORGET_EVERY_S = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierConfig:
    """Say where the outbox is, how many messages are under way at a time, and how long each may.

    `allow_private` lets messages go to private, loopback and link-local addresses, which it takes
    a network without secrets, or a test, to allow.
    """

    database: DatabaseUrls
    vault: VaultConfig
    allow_private: bool = False
    at_once: int = 16
    within_s: float = 10.0
    every_s: float = 1.0
    retry_s: float = 5.0
    keep_days: int = 30
    policy: DeliveryPolicy = field(default_factory=DeliveryPolicy)


class Courier:
    """Deliver what the outbox owes, each at least once, until it is accepted or given up.

    Owns which deliveries are under way; the rest is in PostgreSQL. A delivery is claimed for a
    minute before it is sent, so after a restart, or beside another courier, none is lost; one
    whose outcome could not be recorded is sent again, under the same `webhook-id`.
    """

    async def __init__(self, config: CourierConfig, clock: Clock) -> None:  # type: ignore[misc]  # Ray awaits it
        self._config = config
        self._clock = clock
        self._chance = random.SystemRandom().random
        self._pools: Pools = await open_pools(config.database)
        self._vault = open_vault(config.vault)
        # Kept connections would be found by address, and another name may stand behind that.
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=config.within_s,
            limits=httpx.Limits(max_connections=config.at_once, max_keepalive_connections=0),
            headers={"User-Agent": USER_AGENT},
        )
        self._under_way: dict[asyncio.Task[None], UUID] = {}
        self._loops = start_loops(self._run(), self._forget())

    def __repr__(self) -> str:
        # Ray asks once, when the actor begins: only what stays true.
        return f"Courier({self._config.at_once} at once)"

    async def close(self) -> None:
        """End the loops and what is under way, for a caller that outlives the courier."""
        await end_loops(self._loops)
        await end_loops(self._under_way)
        await self._http.aclose()
        await self._pools.close()

    async def _run(self) -> NoReturn:
        while True:
            try:
                has_more = await self._take_due()
            except SourceUnavailable as error:
                log.warning("courier.waiting", reason=error.detail)
                await asyncio.sleep(self._config.retry_s)
                continue
            if has_more:
                await asyncio.wait(
                    self._under_way,
                    timeout=self._config.every_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
            else:
                await asyncio.sleep(self._config.every_s)

    async def _take_due(self) -> bool:
        free = self._config.at_once - len(self._under_way)
        if free <= 0:
            return True
        # An endpoint that does not answer must not take the turns of all others.
        share = max(1, self._config.at_once // _ENDPOINTS_SERVED)
        now = utc_from_ns(self._clock.now_ns())
        until = now + timedelta(seconds=_LEASE_S)
        async with self._pools.system() as connection:
            claimed = await webhooks.claim(
                connection, now, until, free, of_each=share, but=self._busy(share)
            )
        for due in claimed:
            task = asyncio.create_task(self._deliver(due), name=str(due.delivery.delivery_id))
            self._under_way[task] = due.delivery.endpoint_id
            task.add_done_callback(self._under_way.pop)
        return bool(claimed)

    def _busy(self, share: int) -> list[UUID]:
        counts = Counter(self._under_way.values())
        return [endpoint for endpoint, count in counts.items() if count >= share]

    async def _deliver(self, due: DueDelivery) -> None:
        delivery = due.delivery
        try:
            secret = await self._secret_of(due)
            attempt = await self._send(due, secret)
            now = utc_from_ns(self._clock.now_ns())
            verdict = judge(self._config.policy, delivery, attempt, now, self._chance())
            is_removed = due.plain_secret is None and due.sealed_secret is None
            state = DeliveryState.GIVEN_UP if is_removed else verdict.state
            async with self._pools.system() as connection:
                await webhooks.settle(
                    connection,
                    due,
                    state,
                    verdict.next_attempt_at,
                    attempt.answered,
                    verdict.error,
                    now,
                )
        except SourceUnavailable as error:
            # Its claim runs out, and then it is sent again.
            log.warning("courier.unrecorded", reason=error.detail)
            return
        log.info(
            "webhook.sent",
            delivery=str(delivery.delivery_id),
            state=state,
            attempts=delivery.attempts,
            error=verdict.error,
        )

    async def _secret_of(self, due: DueDelivery) -> str | Attempt:
        """Open the secret, or say why this attempt fails without it."""
        try:
            async with self._pools.system() as connection:
                secret = await webhooks.secret_of(connection, self._vault, due)
        except (VaultSealBroken, VaultKeyUnknown) as error:
            log.warning("courier.sealed", delivery=str(due.delivery.delivery_id), error=error.code)
            return Attempt(error="the endpoint's secret cannot be opened here")
        return Attempt(error="the endpoint was removed") if secret is None else secret

    async def _send(self, due: DueDelivery, secret: str | Attempt) -> Attempt:
        if isinstance(secret, Attempt):
            return secret
        body = message(due.delivery)
        headers = signed_headers(due.delivery, secret, body, utc_from_ns(self._clock.now_ns()))
        try:
            async with asyncio.timeout(self._config.within_s):
                request = await self._request(due.url, headers, body)
                # The answer's status is all that counts; its body may be without end.
                response = await self._http.send(request, stream=True)
                await response.aclose()
        except TimeoutError:
            return Attempt(error=f"no answer within {self._config.within_s:g} s")
        except InvalidInput as error:
            return Attempt(error=str(error.context["reason"]))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return Attempt(error=f"{type(error).__name__}: {error}"[:200])
        return Attempt(answered=response.status_code)

    async def _request(self, url: str, headers: dict[str, str], body: bytes) -> httpx.Request:
        check_url(url, allow_private=self._config.allow_private)
        asked = httpx.URL(url)
        host = asked.raw_host.decode("ascii")
        port = asked.port or (443 if asked.scheme == "https" else 80)
        address = await self._address_of(host, port)
        return self._http.build_request(
            "POST",
            asked.copy_with(host=address),
            content=body,
            headers={**headers, "Host": asked.netloc.decode("ascii")},
            extensions={"sni_hostname": host},
        )

    async def _address_of(self, host: str, port: int) -> str:
        """Return the address to connect to, judged here so that no second look-up can differ."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, proto=6)
        addresses = [str(entry[4][0]) for entry in found]
        if not self._config.allow_private:
            for address in addresses:
                if not is_public(address):
                    raise InvalidInput(field="url", reason=f"{host} leads to no public address")
        return addresses[0]

    async def _seal_plain(self) -> None:
        """Seal what a replica of an earlier version still stored in plain."""
        has_more = True
        while has_more:
            async with self._pools.system() as connection:
                has_more = await webhooks.seal_plain(connection, self._vault) > 0

    async def _forget(self) -> NoReturn:
        while True:
            before = utc_from_ns(self._clock.now_ns()) - timedelta(days=self._config.keep_days)
            try:
                has_more = True
                while has_more:
                    async with self._pools.system() as connection:
                        has_more = await webhooks.forget(connection, before)
                await self._seal_plain()
            except SourceUnavailable as error:
                log.warning("courier.kept", reason=error.detail)
            await asyncio.sleep(_FORGET_EVERY_S)
