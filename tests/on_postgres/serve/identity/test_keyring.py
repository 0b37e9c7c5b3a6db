"""Check that keys rotate without signing anybody out, whoever makes them first."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unauthenticated
from core.identity import Role
from serve.identity.keyring import (
    KEPT_AFTER,
    PUBLISHED_AHEAD,
    REFRESH_EACH,
    SIGNS_FOR,
    Keyring,
    Span,
    next_span,
)
from serve.identity.tokens import ACCESS_TOKEN_S, AccessClaims, mint
from storage.pool import Pools
from storage.vault.vault import Vault

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ISSUER = "https://heliostat.example"


def claims(now: datetime) -> AccessClaims:
    return AccessClaims(
        issuer=ISSUER,
        org_id=UUID(int=1),
        role=Role.ANALYST,
        client_id="meter",
        scopes=("runs:read",),
        issued_at=now,
        token_id="t",
    )


async def signed(ring: Keyring, now: datetime) -> str:
    return mint(claims(now), await ring.signing_key(now))


@given(st.lists(st.integers(0, 60 * 24 * 400), max_size=30))
def test_at_any_moment_one_key_signs_and_its_successor_is_known_in_time(minutes: list[int]) -> None:
    spans: list[Span] = []
    for minute in sorted(minutes):
        now = NOW + timedelta(minutes=minute)
        while span := next_span(spans, now):
            spans.append(span)
        assert sum(span.signs_from <= now < span.signs_until for span in spans) == 1
        assert max(span.signs_until for span in spans) - now >= PUBLISHED_AHEAD


async def test_replicas_that_start_at_once_make_one_key(pools: Pools, vault: Vault) -> None:
    rings = [Keyring(pools, vault, ISSUER) for _ in range(4)]
    keys = await asyncio.gather(*(ring.signing_key(NOW) for ring in rings))
    assert len({key.key_id for key in keys}) == 1
    token = mint(claims(NOW), keys[0])
    for ring in rings:
        assert (await ring.read(token, NOW)).actor == "client:meter"


async def test_a_rotation_signs_nobody_out(pools: Pools, vault: Vault) -> None:
    writer, reader = Keyring(pools, vault, ISSUER), Keyring(pools, vault, ISSUER)
    moment, seen = NOW, set()
    end = NOW + SIGNS_FOR + timedelta(hours=1)
    tokens: list[tuple[datetime, str]] = []
    while moment < end:
        tokens.append((moment, await signed(writer, moment)))
        seen.add((await writer.signing_key(moment)).key_id)
        is_near = abs(moment - NOW - SIGNS_FOR) < timedelta(hours=8)
        moment += timedelta(minutes=3) if is_near else timedelta(hours=7)
        for issued, token in tokens[-4:]:
            if moment < issued + timedelta(seconds=ACCESS_TOKEN_S):
                await reader.read(token, moment)
    assert len(seen) == 2
    assert len(await reader.published(moment)) == 2


async def test_the_next_key_is_published_before_it_signs(pools: Pools, vault: Vault) -> None:
    ring = Keyring(pools, vault, ISSUER)
    await ring.signing_key(NOW)
    (only,) = await ring.published(NOW)
    assert only.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
    before = NOW + SIGNS_FOR - PUBLISHED_AHEAD + timedelta(minutes=1)
    signing = await ring.signing_key(before)
    assert signing.key_id == only["kid"]
    assert len(await ring.published(before)) == 2


async def test_a_key_that_no_token_needs_is_forgotten_with_its_secret(
    pools: Pools, vault: Vault
) -> None:
    ring = Keyring(pools, vault, ISSUER)
    first = await ring.signing_key(NOW)
    later = NOW + SIGNS_FOR + KEPT_AFTER + timedelta(minutes=2)
    await ring.signing_key(later)
    assert first.key_id not in {key["kid"] for key in await ring.published(later)}
    async with pools.system() as conn:
        assert await conn.fetchval("SELECT count(*) FROM signing_keys") == 1
        assert await conn.fetchval("SELECT count(*) FROM vault_keys") == 1


async def test_a_new_key_of_another_replica_is_found_within_seconds(
    pools: Pools, vault: Vault
) -> None:
    late, early = Keyring(pools, vault, ISSUER), Keyring(pools, vault, ISSUER)
    with pytest.raises(Unauthenticated):
        await late.read("x.y.z", NOW)
    await late.published(NOW)
    async with pools.system() as conn:
        await conn.execute("DELETE FROM signing_keys")
    token = await signed(early, NOW)
    with pytest.raises(Unauthenticated):
        await late.read(token, NOW + timedelta(seconds=1))
    assert await late.read(token, NOW + timedelta(seconds=6))
    assert timedelta(seconds=6) < REFRESH_EACH
