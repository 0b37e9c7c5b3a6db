"""Check that a trail tells of every flipped bit, deletion, reorder and truncation (promise 37)."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import pytest

from core.audit import AuditEntry, Detail
from storage.audit.anchors import Anchor
from storage.audit.chain import GENESIS, ChainedEntry, digest_of
from storage.audit.verification import MOST_FAULTS, FaultKind, Verdict, Verification

NOW = datetime(2026, 12, 31, 23, 30, 0, 123456, tzinfo=UTC)
ENTRIES = 100_000
FLIPS = 2_000


def made(count: int) -> list[ChainedEntry]:
    chain: list[ChainedEntry] = []
    previous = GENESIS
    for position in range(1, count + 1):
        details: dict[str, Detail] = {"role": "admin", "count": position, "is_own": True}
        entry = AuditEntry(
            org_id=UUID(int=position % 3),
            actor=f"user:{UUID(int=position % 7)}",
            action="api_key.created",
            target=None if position % 5 == 0 else str(UUID(int=position)),
            details=details,
        )
        at = NOW + timedelta(microseconds=position)
        digest = digest_of(position, entry, at, previous)
        chain.append(
            ChainedEntry(
                position=position,
                org_id=entry.org_id,
                at=at,
                actor=entry.actor,
                action=entry.action,
                target=entry.target,
                details=details,
                previous=previous,
                digest=digest,
            )
        )
        previous = digest
    return chain


def judged(chain: Sequence[ChainedEntry], anchors: Sequence[Anchor] = ()) -> Verdict:
    verification = Verification(anchors)
    verification.look(chain)
    return verification.conclude()


def anchor(entry: ChainedEntry) -> Anchor:
    return Anchor(position=entry.position, digest=entry.digest, at=NOW)


def flipped_text(text: str, rng: random.Random) -> str:
    place = rng.randrange(len(text))
    return text[:place] + chr(ord(text[place]) ^ 1 << rng.randrange(7)) + text[place + 1 :]


def flipped_bytes(value: bytes, rng: random.Random) -> bytes:
    number = int.from_bytes(value) ^ 1 << rng.randrange(len(value) * 8)
    return number.to_bytes(len(value))


def _details(entry: ChainedEntry, rng: random.Random) -> ChainedEntry:
    name = rng.choice(sorted(entry.details))
    value = entry.details[name]
    other: Detail
    match value:
        case bool():
            other = not value
        case int():
            other = value ^ 1 << rng.randrange(16)
        case _:
            other = flipped_text(str(value), rng)
    return replace(entry, details={**entry.details, name: other})


FLIP: dict[str, Callable[[ChainedEntry, random.Random], ChainedEntry]] = {
    "position": lambda one, rng: replace(one, position=one.position ^ 1 << rng.randrange(17)),
    "org_id": lambda one, rng: replace(
        one, org_id=UUID(int=one.org_id.int ^ 1 << rng.randrange(128))
    ),
    "at": lambda one, rng: replace(one, at=one.at + timedelta(microseconds=1 << rng.randrange(40))),
    "actor": lambda one, rng: replace(one, actor=flipped_text(one.actor, rng)),
    "action": lambda one, rng: replace(one, action=flipped_text(one.action, rng)),
    "target": lambda one, rng: replace(one, target=flipped_text(one.target or "x", rng)),
    "details": _details,
    "previous": lambda one, rng: replace(one, previous=flipped_bytes(one.previous, rng)),
    "digest": lambda one, rng: replace(one, digest=flipped_bytes(one.digest, rng)),
}


@pytest.fixture(scope="module")
def chain() -> list[ChainedEntry]:
    return made(ENTRIES)


def test_one_hundred_thousand_entries_are_looked_at_in_seconds(
    chain: list[ChainedEntry], tell: Callable[[str], None]
) -> None:
    started = time.perf_counter()
    verdict = judged(chain, [anchor(chain[-1])])
    seconds = time.perf_counter() - started
    assert verdict.is_whole
    assert (verdict.entries, verdict.head) == (ENTRIES, chain[-1].digest)
    tell(f"promise 37: {ENTRIES:,} entries verified in {seconds:.1f} s (target 10)")
    assert seconds <= 10


def test_any_flipped_bit_is_seen_where_it_is(
    chain: list[ChainedEntry], tell: Callable[[str], None]
) -> None:
    rng = random.Random(37)
    for number in range(FLIPS):
        name = sorted(FLIP)[number % len(FLIP)]
        place = rng.randrange(1, ENTRIES - 1)
        changed = FLIP[name](chain[place], rng)
        # From the entry before on: all before that is as it was, and was looked at above.
        verification = Verification([])
        verification.look(chain[:0])
        verification._position, verification._previous = place, chain[place - 1].digest
        verification.look([changed, chain[place + 1]])
        verdict = verification.conclude()
        assert verdict.faults, (name, place)
        assert verdict.faults[0].position == place + 1, (name, place)
    tell(f"promise 37: {FLIPS:,} of {FLIPS:,} flipped bits found in {ENTRIES:,} entries")


@pytest.mark.parametrize("place", [0, 1, 500, 998])
def test_a_deleted_entry_is_missed(place: int) -> None:
    chain = made(1_000)
    verdict = judged(chain[:place] + chain[place + 1 :])
    assert verdict.faults[0].position == place + 1
    assert verdict.faults[0].kind is FaultKind.MISSING


def test_a_deletion_hidden_by_new_numbers_is_seen() -> None:
    chain = made(10)
    moved = [replace(one, position=one.position - 1) for one in chain[4:]]
    assert judged([*chain[:3], *moved]).faults[0].position == 4


def test_reordered_entries_are_seen() -> None:
    chain = made(100)
    chain[40], chain[41] = chain[41], chain[40]
    assert judged(chain).faults[0].position == 41
    swapped = [*chain[:40], replace(chain[40], position=41), replace(chain[41], position=42)]
    assert judged(swapped).faults[0].position == 41


def test_a_trail_cut_short_is_seen_by_its_anchor_alone() -> None:
    chain = made(100)
    anchors = [anchor(chain[49]), anchor(chain[89])]
    assert judged(chain, anchors).is_whole
    assert judged(chain[:90], anchors).is_whole
    (fault,) = judged(chain[:89], anchors).faults
    assert (fault.position, fault.kind) == (90, FaultKind.TRUNCATED)
    assert judged([], anchors).faults[0].kind is FaultKind.TRUNCATED


def test_a_trail_written_anew_is_seen_by_its_anchor_alone() -> None:
    chain, other = made(100), made(101)
    forged = [*chain[:60], *_rechained(other[60:], chain[59].digest)]
    assert judged(forged).is_whole
    found = judged(forged, [anchor(chain[10]), anchor(chain[79])])
    assert [(one.position, one.kind) for one in found.faults] == [(80, FaultKind.REWRITTEN)]


def _rechained(entries: Sequence[ChainedEntry], previous: bytes) -> list[ChainedEntry]:
    forged = []
    for one in entries:
        plain = AuditEntry(
            org_id=one.org_id, actor="user:forger", action=one.action, details=one.details
        )
        digest = digest_of(one.position, plain, one.at, previous)
        forged.append(
            replace(one, actor=plain.actor, target=None, previous=previous, digest=digest)
        )
        previous = digest
    return forged


def test_two_anchors_that_contradict_each_other_are_seen() -> None:
    chain = made(5)
    false = Anchor(position=3, digest=bytes(32), at=NOW)
    assert judged(chain, [anchor(chain[2]), false]).faults[0].kind is FaultKind.REWRITTEN


def test_only_the_first_faults_are_named() -> None:
    broken = [replace(one, actor="x") for one in islice(made(1_000), 500)]
    assert len(judged(broken).faults) == MOST_FAULTS


def test_an_empty_trail_is_whole() -> None:
    verdict = judged([])
    assert verdict.is_whole
    assert verdict.head == GENESIS
