"""Own who a request speaks for: keys and tokens, remembered for a while, refused once revoked."""

import asyncio
import math
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from core.api_keys import KEY_MARK, digest_of, is_well_formed
from core.clock import Clock, utc_from_ns
from core.errors import SourceUnavailable, Unauthenticated
from core.identity import Principal
from serve.identity.revocation_window import WINDOW, RevocationWindow
from storage.identity import api_keys, revocations
from storage.pool import Pools

if TYPE_CHECKING:
    from uuid import UUID

POLL_S = 1.0
STALE_S = 5.0
"""Be how old the last reading of revocations may be before nobody is let in."""
KEY_FRESH_S = 3.0
"""Be how long a key is taken for what it was when it was last read."""
MAX_CREDENTIAL_CHARACTERS = 8_192
_UNREAD = "revocations cannot be read"
_TOUCH_EVERY_S = 30.0
_REMEMBERED = 10_000


class TokenReader(Protocol):
    """Return whom an access token speaks for; raises Unauthenticated."""

    async def read(self, token: str, now: datetime) -> Principal: ...


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    read_at: float


class Authenticator:
    """Tell who a request speaks for; `run` must be running beside it."""

    def __init__(self, pools: Pools, clock: Clock, tokens: TokenReader) -> None:
        self._pools = pools
        self._clock = clock
        self._tokens = tokens
        self._window = RevocationWindow()
        self._window_read_at = self._failed_at = -math.inf
        self._reading = asyncio.Lock()
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._used: dict[UUID, datetime] = {}

    async def authenticate(self, authorization: str | None) -> Principal:
        """Return whom an Authorization header names.

        Raises:
            Unauthenticated: it is absent, of another scheme, unknown, expired or revoked.
            SourceUnavailable: what was revoked lately is not known, or a store cannot answer.
        """
        scheme, _, credential = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(credential) <= MAX_CREDENTIAL_CHARACTERS:
            raise Unauthenticated
        await self._require_fresh()
        now = utc_from_ns(self._clock.now_ns())
        principal = await self._principal_of(credential, now)
        if self._has_ended(principal) or self._window.stops(principal):
            raise Unauthenticated
        if principal.key_id is not None:
            self._used[principal.key_id] = now
        return principal

    async def until_refused(self, authorization: str | None) -> None:
        """Wait until a header that was let in is let in no more, or for less than it was.

        For what stays open for hours. While a store is away nothing can be revoked, and what is
        open stays open until its own end.
        """
        first = principal = await self.authenticate(authorization)
        while principal.permissions >= first.permissions and not self._has_ended(principal):
            await asyncio.sleep(POLL_S)
            try:
                principal = await self.authenticate(authorization)
            except Unauthenticated:
                return
            except SourceUnavailable:
                continue

    def _has_ended(self, principal: Principal) -> bool:
        end = principal.expires_at
        return end is not None and utc_from_ns(self._clock.now_ns()) >= end

    async def run(self) -> None:
        """Read revocations each second, and note now and then which keys were used."""
        noted_at = time.monotonic()
        while True:
            with suppress(SourceUnavailable):  # a window that grows stale refuses by itself
                await self._read_window()
                if time.monotonic() - noted_at >= _TOUCH_EVERY_S:
                    noted_at = time.monotonic()
                    await self.note_used_keys()
            await asyncio.sleep(POLL_S)

    async def note_used_keys(self) -> None:
        """Store when keys were last used."""
        used, self._used = self._used, {}
        if used:
            async with self._pools.system() as conn:
                await api_keys.touch(conn, used)

    async def _read_window(self) -> None:
        started = time.monotonic()
        since = utc_from_ns(self._clock.now_ns()) - WINDOW
        async with self._pools.system() as conn:
            self._window.replace(await revocations.since(conn, since))
        self._window_read_at = started

    async def _require_fresh(self) -> None:
        """Read revocations now where the last reading is too old: this process may have been busy.

        Raises:
            SourceUnavailable: they cannot be read.
        """
        if self._is_window_fresh():
            return
        async with self._reading:
            if self._is_window_fresh():
                return
            if time.monotonic() - self._failed_at < POLL_S:
                raise SourceUnavailable(source="database", reason=_UNREAD)
            try:
                async with asyncio.timeout(STALE_S):
                    await self._read_window()
            except (SourceUnavailable, TimeoutError):
                self._failed_at = time.monotonic()
                raise SourceUnavailable(source="database", reason=_UNREAD) from None

    def _is_window_fresh(self) -> bool:
        return time.monotonic() - self._window_read_at <= STALE_S

    async def _principal_of(self, credential: str, now: datetime) -> Principal:
        digest = digest_of(credential)
        known = self._known.get(digest)
        if known is not None and self._is_fresh(known):
            return known.principal
        read_at = time.monotonic()
        if credential.startswith(KEY_MARK):
            principal = await self._read_key(credential, digest)
        else:
            principal = await self._tokens.read(credential, now)
        self._known[digest] = _Known(principal, read_at)
        self._known.move_to_end(digest)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return principal

    def _is_fresh(self, known: _Known) -> bool:
        return known.principal.key_id is None or time.monotonic() - known.read_at < KEY_FRESH_S

    async def _read_key(self, key: str, digest: bytes) -> Principal:
        if not is_well_formed(key):
            raise Unauthenticated
        async with self._pools.system() as conn:
            principal = await api_keys.principal_of(conn, digest)
        if principal is None:
            raise Unauthenticated
        return principal
