"""Own the keys that sign tokens: one signs, the next is published before it does.

A key signs for 90 days. Its successor is published a day ahead, so that everybody who caches the
published keys knows it by then, and it stays published until no token of its is good any more:
nobody is signed out by a rotation.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import uuid_utils.compat as uuid_utils
from joserfc.jwk import OKPKey

from core.identity import Principal
from serve.identity.tokens import ACCESS_TOKEN_S, ALGORITHM, SigningKey, key_id_of, verify
from storage.identity import signing_keys
from storage.identity.signing_keys import StoredKey
from storage.pool import Pools
from storage.vault.vault import Vault

SIGNS_FOR = timedelta(days=90)
PUBLISHED_AHEAD = timedelta(days=1)
KEPT_AFTER = timedelta(seconds=ACCESS_TOKEN_S) + timedelta(hours=1)
REFRESH_EACH = timedelta(minutes=1)
UNKNOWN_EACH = timedelta(seconds=5)
"""Be how often a key id that nobody knows may cause a look at the database."""
PURPOSE = "signing_key"


@dataclass(frozen=True, slots=True)
class Span:
    """Hold from when until when a key signs."""

    signs_from: datetime
    signs_until: datetime


def next_span(spans: Sequence[Span], now: datetime) -> Span | None:
    """Return when the next key is to sign, None while none is needed yet."""
    if not any(span.signs_from <= now < span.signs_until for span in spans):
        return Span(now, now + SIGNS_FOR)
    last = max(span.signs_until for span in spans)
    return Span(last, last + SIGNS_FOR) if last - now < PUBLISHED_AHEAD else None


class Keyring:
    """Sign and read tokens with the stored keys, which are remembered for a minute."""

    def __init__(self, pools: Pools, vault: Vault, issuer: str) -> None:
        self._pools = pools
        self._vault = vault
        self._issuer = issuer
        self._keys: tuple[StoredKey, ...] = ()
        self._public: dict[str, OKPKey] = {}
        self._signing: SigningKey | None = None
        self._refreshed_at: datetime | None = None
        self._refreshing = asyncio.Lock()

    async def read(self, token: str, now: datetime) -> Principal:
        """Return whom a token speaks for.

        Raises:
            Unauthenticated: nobody.
            SourceUnavailable: the keys cannot be read.
        """
        key_id = key_id_of(token)
        each = REFRESH_EACH if key_id in self._public else UNKNOWN_EACH
        await self._refresh(now, each)
        return verify(token, self._public, self._issuer, now)

    async def signing_key(self, now: datetime) -> SigningKey:
        """Return the key that signs at a moment; makes it, and its successor, when it is time."""
        await self._refresh(now, REFRESH_EACH)
        if next_span(self._spans(), now) is not None:
            await self._extend(now)
        stored = next(key for key in self._keys if key.signs_from <= now < key.signs_until)
        if self._signing is None or self._signing.key_id != stored.key_id:
            async with self._pools.system() as conn:
                private = await self._vault.open(conn, stored.private_key, PURPOSE)
            self._signing = SigningKey(key_id=stored.key_id, private=OKPKey.import_key(private))
        return self._signing

    async def published(self, now: datetime) -> list[dict[str, Any]]:
        """Return the public keys as JWKs (RFC 8037), the next one too."""
        await self._refresh(now, REFRESH_EACH)
        if not self._keys:
            await self._extend(now)
        return [
            {
                **self._public[key.key_id].as_dict(private=False),
                "kid": key.key_id,
                "use": "sig",
                "alg": ALGORITHM,
            }
            for key in self._keys
        ]

    def _spans(self) -> list[Span]:
        return [Span(key.signs_from, key.signs_until) for key in self._keys]

    async def _refresh(self, now: datetime, each: timedelta) -> None:
        async with self._refreshing:
            if self._refreshed_at is not None and abs(now - self._refreshed_at) < each:
                return
            async with self._pools.system() as conn:
                self._take(await signing_keys.kept(conn, now), now)

    async def _extend(self, now: datetime) -> None:
        """Make the key that is due, unless another replica just did."""
        async with self._refreshing, self._pools.system() as conn:
            await signing_keys.lock(conn)
            for sealed in await signing_keys.forget(conn, now):
                await self._vault.shred(conn, sealed)
            kept = await signing_keys.kept(conn, now)
            while span := next_span([Span(key.signs_from, key.signs_until) for key in kept], now):
                pair = OKPKey.generate_key("Ed25519")
                private = await self._vault.seal(conn, pair.as_pem(private=True), PURPOSE)
                key = StoredKey(
                    key_id=str(uuid_utils.uuid7()),
                    public_key=pair.as_pem(private=False),
                    private_key=private,
                    created_at=now,
                    signs_from=span.signs_from,
                    signs_until=span.signs_until,
                    forgotten_after=span.signs_until + KEPT_AFTER,
                )
                await signing_keys.add(conn, key)
                kept = await signing_keys.kept(conn, now)
        self._take(kept, now)

    def _take(self, keys: Sequence[StoredKey], now: datetime) -> None:
        self._keys = tuple(keys)
        self._public = {key.key_id: OKPKey.import_key(key.public_key) for key in keys}
        self._refreshed_at = now
