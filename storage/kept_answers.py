"""Own what an Idempotency-Key stands for: a request that is carried out once, and its answer.

A key is claimed for a while and held longer as its request goes on. Whatever the request writes is
written together with the note that it had an effect, and only while the claim stands, so that a
holder that was given up can no longer do anything. Answers are sealed: some hold secrets.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from core.errors import AnswerLost, RequestInProgress, SourceUnavailable
from storage import sql

if TYPE_CHECKING:
    from storage.pool import ReadConn, WriteConn
    from storage.vault.vault import Vault

_SQL = sql.load("kept_answers")
_PURPOSE = "kept-answer"
HELD_FOR = timedelta(seconds=30)
"""Be how long a claim stands without being held anew; a holder that lives does so every third."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Be the right to carry out the request of a key; a later attempt ends it."""

    org_id: UUID
    actor: str
    key_digest: bytes
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Hold an answer as it was sent."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """Hold a sealed answer, and the digest of the request that it answers."""

    request_digest: bytes
    sealed: bytes


async def claim(
    conn: "WriteConn", org_id: UUID, actor: str, key: str, now: datetime, *, repeatable: bool
) -> Claim | KeptAnswer:
    """Claim a key that is new, or that nobody holds any more; else return what is kept of it.

    Needs the system role. `repeatable` requests may be carried out again though they had an effect.

    Raises:
        RequestInProgress: somebody carries the request out.
        AnswerLost: it had an effect, and whoever carried it out died before the answer was kept.
    """
    named = (org_id, actor, sha256(key.encode()).digest())
    attempt = await conn.fetchval(_SQL["claim"], *named, now, now + HELD_FOR, repeatable)
    if attempt is not None:
        return Claim(org_id=org_id, actor=actor, key_digest=named[2], attempt=attempt)
    row = await conn.fetchrow(_SQL["read"], *named)
    if row is not None and row["sealed"] is not None:
        return KeptAnswer(request_digest=row["request_digest"], sealed=row["sealed"])
    if row is not None and row["is_effected"] and row["held_until"] <= now:
        raise AnswerLost(key=key)
    raise RequestInProgress(key=key, retry_after_s=1)


async def hold(conn: "WriteConn", claimed: Claim, until: datetime) -> None:
    """Hold a claim until a moment; needs the system role."""
    await conn.execute(_SQL["hold"], *_named(claimed), until)


async def mark(conn: "WriteConn", claimed: Claim) -> None:
    """Note that a request has an effect, where the transaction of `conn` changed anything.

    Raises:
        SourceUnavailable: somebody else has carried it out meanwhile, or does.
    """
    if not await conn.fetchval(_SQL["writes"]):
        return
    if not await conn.fetchval(_SQL["mark"], *_named(claimed)):
        raise SourceUnavailable(source="api", reason="another server took this request over")


async def keep(
    conn: "WriteConn",
    vault: "Vault",
    claimed: Claim,
    request_digest: bytes,
    answer: Answer,
    now: datetime,
) -> None:
    """Keep the answer of a request; needs the system role.

    Raises:
        SourceUnavailable: the claim was given up meanwhile, or KMS does not answer.
    """
    sealed = await vault.seal(conn, msgspec.msgpack.encode(answer), _PURPOSE)
    if not await conn.fetchval(_SQL["answer"], *_named(claimed), request_digest, now, sealed):
        raise SourceUnavailable(source="api", reason="another server took this request over")


async def release(conn: "WriteConn", claimed: Claim) -> bool:
    """Leave a key to another try; False where its request had an effect. Needs the system role."""
    return bool(await conn.fetchval(_SQL["release"], *_named(claimed)))


async def open_answer(conn: "ReadConn", vault: "Vault", kept: KeptAnswer) -> Answer:
    """Return a kept answer; needs the system role.

    Raises:
        VaultSealBroken: it was changed.
        VaultKeyUnknown: the key that wraps its data key was not given.
        SourceUnavailable: KMS does not answer.
    """
    text = await vault.open(conn, kept.sealed, _PURPOSE)
    return msgspec.msgpack.decode(text, type=Answer)


def _named(claimed: Claim) -> tuple[UUID, str, bytes, int]:
    return claimed.org_id, claimed.actor, claimed.key_digest, claimed.attempt
