"""Own the proof that the audit trail is whole: every entry in its place, none changed or gone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from storage import sql
from storage.audit.anchors import Anchor
from storage.audit.chain import GENESIS, ChainedEntry, follows

if TYPE_CHECKING:
    from storage.pool import Pools

_SQL = sql.load("audit/trail")
_BATCH = 2_000
MOST_FAULTS = 20
"""Be how many faults are named: after the first, most follow from it."""


class FaultKind(StrEnum):
    """Name what can be wrong with a trail."""

    CHANGED = "changed"
    MISSING = "missing"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"


_WORDS = {
    FaultKind.CHANGED: "is not what was written",
    FaultKind.MISSING: "is not where it was written",
    FaultKind.TRUNCATED: "was anchored, and the trail ends before it",
    FaultKind.REWRITTEN: "was anchored with another digest",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Say what is wrong at a position."""

    position: int
    kind: FaultKind

    def __str__(self) -> str:
        return f"Entry {self.position:,} {_WORDS[self.kind]}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Tell how many entries and anchors were looked at, where the trail ends, what is wrong."""

    entries: int
    anchors: int
    last_anchored: int
    head: bytes
    faults: tuple[Fault, ...]

    @property
    def is_whole(self) -> bool:
        return not self.faults


class Verification:
    """Look at the entries of a trail in the order of their positions, then `conclude`."""

    def __init__(self, anchors: Sequence[Anchor]) -> None:
        self._anchors = anchors
        self._anchored: dict[int, set[bytes]] = {}
        for anchor in anchors:
            self._anchored.setdefault(anchor.position, set()).add(anchor.digest)
        self._entries = 0
        self._position = 0
        self._previous = GENESIS
        self._faults: list[Fault] = []

    def look(self, entries: Iterable[ChainedEntry]) -> None:
        """Take the next entries."""
        for entry in entries:
            if entry.position != self._position + 1:
                self._note(self._position + 1, FaultKind.MISSING)
            elif not follows(entry, entry.position, self._previous):
                self._note(entry.position, FaultKind.CHANGED)
            if self._anchored.get(entry.position, {entry.digest}) != {entry.digest}:
                self._note(entry.position, FaultKind.REWRITTEN)
            self._entries += 1
            self._position, self._previous = entry.position, entry.digest

    def conclude(self) -> Verdict:
        """Return what was found; anchors behind the last entry tell of a trail cut short."""
        last = max(self._anchored, default=0)
        if last > self._position:
            self._note(last, FaultKind.TRUNCATED)
        return Verdict(
            entries=self._entries,
            anchors=len(self._anchors),
            last_anchored=last,
            head=self._previous,
            faults=tuple(self._faults),
        )

    def _note(self, position: int, kind: FaultKind) -> None:
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(Fault(position=position, kind=kind))


async def verify(
    pools: "Pools",
    anchors: Sequence[Anchor],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verdict:
    """Look at the whole trail of every organisation.

    Entries that are appended meanwhile may be looked at too. `anchors` must be read before, or
    one that is younger than the last look would be taken for a trail cut short.
    """
    async with pools.system() as conn:
        total = await conn.fetchval(_SQL["count"])
    verification, after = Verification(anchors), 0
    on_progress(0, total)
    while True:
        async with pools.system() as conn:
            rows = await conn.fetch(_SQL["ascending"], after, _BATCH)
        if not rows:
            return verification.conclude()
        verification.look(ChainedEntry(**row) for row in rows)
        after = rows[-1]["position"]
        on_progress(min(after, total), total)
