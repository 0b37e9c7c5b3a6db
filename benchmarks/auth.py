"""Time who a request speaks for and what that may do, beside decoding its token with the library.

In process, with the stores of a real stack: what a replica does before a route begins.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import uuid_utils.compat as uuid_utils
from joserfc import jwt
from joserfc.jwk import OKPKey

from benchmarks.report import Report, Row, median
from benchmarks.stacks import BenchStack, bench_stack
from cluster.local.addresses import resolve
from cluster.local.credentials import load_or_create
from cluster.local.paths import stack_paths
from cluster.local.vault_keys import vault_config
from cluster.settings import load_settings
from core.clock import SystemClock, utc_from_ns
from core.identity import Permission, Role, permissions_of
from core.runs import DEFAULT_ORG
from serve.identity.access import require
from serve.identity.authenticator import Authenticator
from serve.identity.keyring import Keyring
from serve.identity.tokens import ALGORITHM, AccessClaims, SigningKey, mint
from storage.pool import open_pools
from storage.vault.vault import open_vault

PORT = 9790
REQUESTS = 5_000
TARGET_US = 150.0
FIRST_SEEN_TARGET = 1.5
_ORIGIN = "http://127.0.0.1:9790"


def measure(*, quick: bool) -> Report:
    """Authenticate and authorise 5,000 requests of each kind (500 with `quick`), interleaved."""
    with bench_stack(PORT) as stack:
        stack.must("up", "--no-job")
        samples = asyncio.run(_race(stack, 500 if quick else REQUESTS))
    bare = median(samples["decode"])
    return Report(
        name="auth",
        rows=[
            Row(metric=f"{name}, p50", unit="µs", ours=median(samples[kind]), target=TARGET_US)
            for kind, name in (
                ("token", "a token that spoke before"),
                ("key", "an API key that spoke before"),
                ("new", "a token that speaks for the first time"),
            )
        ]
        + [
            Row(
                metric=f"{name} beside decoding it with the library, p50",
                unit="µs",
                ours=median(samples[kind]),
                peer=bare,
                target=target,
            )
            for kind, name, target in (
                ("token", "a token that spoke before", 1.0),
                ("new", "a token that speaks for the first time", FIRST_SEEN_TARGET),
            )
        ],
        samples={
            kind: sorted(values)[:: max(1, len(values) // 20)] for kind, values in samples.items()
        },
    )


async def _race(stack: BenchStack, count: int) -> dict[str, list[float]]:
    paths = stack_paths(stack.data)
    settings = load_settings()
    addresses = resolve(settings, paths, load_or_create(paths.credentials))
    pools = await open_pools(addresses.database)
    keyring = Keyring(pools, open_vault(vault_config(settings, paths)), _ORIGIN)
    authenticator = Authenticator(pools, SystemClock(), keyring)
    upkeep = asyncio.create_task(authenticator.run())
    try:
        return await _timed(authenticator, keyring, stack.key, count)
    finally:
        upkeep.cancel()
        await asyncio.wait([upkeep])
        await pools.close()


async def _timed(
    authenticator: Authenticator, keyring: Keyring, key: str, count: int
) -> dict[str, list[float]]:
    signing = await keyring.signing_key(utc_from_ns(SystemClock().now_ns()))
    public = OKPKey.import_key(signing.private.as_dict(private=False))
    known, new = _token(signing), [_token(signing) for _ in range(count)]

    async def admit(credential: str) -> None:
        principal = await authenticator.authenticate(f"Bearer {credential}")
        require(principal, Permission.MARKET_READ)

    async def decode() -> None:
        jwt.decode(known, public, algorithms=[ALGORITHM])

    for credential in (known, key):
        await admit(credential)
    samples: dict[str, list[float]] = {"token": [], "key": [], "new": [], "decode": []}
    for one in new:
        samples["token"].append(await _microseconds(partial(admit, known)))
        samples["key"].append(await _microseconds(partial(admit, key)))
        samples["new"].append(await _microseconds(partial(admit, one)))
        samples["decode"].append(await _microseconds(decode))
    return samples


async def _microseconds(act: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter_ns()
    await act()
    return (time.perf_counter_ns() - started) / 1_000


def _token(signing: SigningKey) -> str:
    now = utc_from_ns(SystemClock().now_ns())
    claims = AccessClaims(
        issuer=_ORIGIN,
        org_id=DEFAULT_ORG,
        role=Role.ANALYST,
        client_id="heliostat-web",
        scopes=tuple(sorted(one.value for one in permissions_of(Role.ANALYST))),
        issued_at=now,
        token_id=str(uuid_utils.uuid7()),
        user_id=UUID(int=1),
        session_id=UUID(int=2),
        family_id=UUID(int=3),
        methods=("password", "totp"),
        authenticated_at=now,
    )
    return mint(claims, signing)
