"""Own how failed tries to sign in slow down the next ones, without shutting anybody out.

Failures are counted by account and address, by address, and by account over all addresses that
never signed in to it. An address that did is told apart by the first count only: what others fail
at never delays it. Each try is counted before it is checked, so that tries at the same time cannot
outrun the count, and the count is given back when the try succeeds.
"""

import ipaddress
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from core.errors import SignInThrottled
from storage.identity import sessions, throttles
from storage.identity.throttles import Failures

if TYPE_CHECKING:
    from storage.pool import Pools, WriteConn

Stage = Literal["password", "second", "device"]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Bound the failures of a subject.

    The first `free` cost nothing, each further one doubles the delay from `delay_s` to
    `longest_s`; from `hard` on each costs a day. Failures are forgotten `forget_s` after the last,
    never where it is None.
    """

    free: int
    delay_s: float
    longest_s: float
    hard: int | None
    forget_s: float | None


# A person mistypes a few times. 25 a known address and 50 of all strangers stay below the 100
# failures that NIST SP 800-63B-4 allows an account; one a day after that is no way to guess.
PAIR = Limit(free=4, delay_s=30.0, longest_s=3600.0, hard=25, forget_s=None)
STRANGERS = Limit(free=49, delay_s=86_400.0, longest_s=86_400.0, hard=50, forget_s=None)
# One address may be a whole office, so it gets more and is forgiven soon.
ADDRESS = Limit(free=30, delay_s=10.0, longest_s=900.0, hard=None, forget_s=3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Hold a try that was counted as failed until it is known to have succeeded."""

    pair: str
    strangers: str
    address: str


def network_of(address: str) -> str:
    """Return what stands for one visitor: an IPv4 address, or the /64 that one line is given."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def remembered(limit: Limit, state: Failures, now: datetime) -> Failures:
    """Return what still counts of past failures."""
    if limit.forget_s is None or state.last_failed_at is None:
        return state
    if now - state.last_failed_at < timedelta(seconds=limit.forget_s):
        return state
    return Failures(count=0, last_failed_at=None, blocked_until=None)


def after_failure(limit: Limit, state: Failures, now: datetime) -> Failures:
    """Return the state of a subject after one more failure."""
    count = remembered(limit, state, now).count + 1
    delay_s = 0.0
    if limit.hard is not None and count >= limit.hard:
        delay_s = DAY.total_seconds()
    elif count > limit.free:
        # the exponent is bounded only so that it stays a number
        delay_s = min(limit.longest_s, limit.delay_s * 2.0 ** min(count - limit.free - 1, 30))
    until = now + timedelta(seconds=delay_s) if delay_s else None
    return Failures(count=count, last_failed_at=now, blocked_until=until)


def wait_s(states: Sequence[Failures], now: datetime) -> int:
    """Return after how many seconds the next try is taken; 0 if now."""
    ends = [state.blocked_until for state in states if state.blocked_until is not None]
    return max((math.ceil((end - now).total_seconds()) for end in ends if end > now), default=0)


def attempt_of(stage: Stage, account: str, address: str) -> Attempt:
    """Return what a try is counted under; `account` is any text that stands for one."""
    network = network_of(address)
    return Attempt(
        pair=_subject(stage, account, network),
        strangers=_subject(stage, account),
        address=_subject("address", network),
    )


async def begin(pools: "Pools", stage: Stage, email: str, address: str, now: datetime) -> Attempt:
    """Count a try before it is checked, in a transaction of its own.

    Raises:
        SignInThrottled: too many failed; the try must not be checked, and is not counted.
    """
    attempt = attempt_of(stage, email, address)
    async with pools.system() as conn:
        known = map(network_of, await sessions.addresses_of(conn, email, now))
        limits = {attempt.pair: PAIR}
        if network_of(address) not in known:
            limits |= {attempt.strangers: STRANGERS, attempt.address: ADDRESS}
        retry_after_s = await _take(conn, limits, now)
    if retry_after_s:
        raise SignInThrottled(retry_after_s=retry_after_s)
    return attempt


async def succeeded(conn: "WriteConn", attempt: Attempt) -> None:
    """Forget the failures of an account here and among strangers, and give the address its try."""
    await forgotten(conn, attempt)
    await throttles.give_back(conn, attempt.address)


async def forgotten(conn: "WriteConn", attempt: Attempt) -> None:
    """Forget the failures of an account here and among strangers, of a try that was not counted."""
    await throttles.forget(conn, sorted((attempt.pair, attempt.strangers)))


async def passed(conn: "WriteConn", attempt: Attempt) -> None:
    """Give back a try that was right so far, and forget nothing: more is to be proven."""
    for subject in (attempt.pair, attempt.strangers, attempt.address):
        await throttles.give_back(conn, subject)


async def _take(conn: "WriteConn", limits: Mapping[str, Limit], now: datetime) -> int:
    states = await throttles.hold(conn, sorted(limits), now)
    kept = {name: remembered(limits[name], state, now) for name, state in states.items()}
    retry_after_s = wait_s(list(kept.values()), now)
    if not retry_after_s:
        for name, state in kept.items():
            await throttles.keep(conn, name, after_failure(limits[name], state, now))
    return retry_after_s


def _subject(*parts: str) -> str:
    # a digest: the table is no list of addresses of people
    digest = sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()
    return f"{parts[0]}:{digest}"
