"""Check a journal against a plain list through any order of writing, reading and crashing."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storage.journal import JournalWriter, remove_segments, segment_number, segments
from storage.journal_format import Position, Record, RecordKind
from storage.journal_reader import JournalReader

payloads = st.lists(st.binary(max_size=60), min_size=1, max_size=6)


class JournalStates(RuleBasedStateMachine):
    """Hold a journal, a reader that follows it, and what both should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="journal-"))
        self.model: list[tuple[Record, Position]] = []
        self.read = 0
        self.number = 0

    @initialize()
    def begin(self) -> None:
        self.writer = self._open()
        self.reader = JournalReader(self.folder, None)

    def _open(self) -> JournalWriter:
        return JournalWriter(
            self.folder, venue="ice", source="ice", products=("B",), version="0", now_ns=1
        )

    def _records(self, payloads: list[bytes], kind: RecordKind) -> list[Record]:
        first = self.number
        self.number += len(payloads)
        return [Record(kind, 1, first + n, payload) for n, payload in enumerate(payloads)]

    def _expect(self, records: list[Record], end: Position) -> None:
        offset = end.offset
        placed = []
        for record in reversed(records):
            placed.append((record, Position(end.segment, offset)))
            offset -= 27 + len(record.payload)
        self.model += reversed(placed)

    @rule(payloads=payloads)
    def append(self, payloads: list[bytes]) -> None:
        records = self._records(payloads, RecordKind.FRAME)
        end = self.writer.append(records)
        assert end == self.writer.position
        self._expect(records, end)

    @rule(payloads=st.lists(st.binary(max_size=20), max_size=2))
    def rotate(self, payloads: list[bytes]) -> None:
        records = self._records(payloads, RecordKind.CHECKPOINT)
        self.writer.rotate(1, records)
        self._expect(records, self.writer.position)

    @rule(count=st.integers(1, 8))
    def read_some(self, count: int) -> None:
        found = self.reader.read(count)
        assert found == self.model[self.read : self.read + len(found)]
        assert found or self.read == len(self.model)
        self.read += len(found)

    @rule(torn=st.integers(0, 120), reads_first=st.booleans())
    def crash(self, torn: int, reads_first: bool) -> None:
        """Lose up to `torn` bytes of the last segment, but none that a reader has seen."""
        if reads_first:
            self.read_some(1)
        self.writer.close()
        path = segments(self.folder)[-1]
        number, size = segment_number(path), path.stat().st_size
        safe = max([0, *(p.offset for _, p in self.model[: self.read] if p.segment == number)])
        kept = max(safe, size - torn)
        with path.open("r+b") as file:
            file.truncate(kept)
        self.model = [(r, p) for r, p in self.model if p.segment < number or p.offset <= kept]
        # A reader reads ahead of what it returns, so one that survives could hold what is lost.
        self._reopen_reader()
        self.writer = self._open()

    @rule()
    def come_back(self) -> None:
        self._reopen_reader()

    def _reopen_reader(self) -> None:
        self.reader.close()
        position = self.model[self.read - 1][1] if self.read else None
        self.reader = JournalReader(self.folder, position)

    @rule()
    def remove(self) -> None:
        if self.read:
            remove_segments(self.folder, self.model[self.read - 1][1])

    @invariant()
    def nothing_waits_once_all_is_read(self) -> None:
        if self.model and self.read == len(self.model):
            last = self.model[-1][1]
            if last == self.writer.position:
                assert self.reader.waiting_bytes == 0
            else:
                assert self.writer.position > last

    def teardown(self) -> None:
        self.writer.close()
        self.reader.close()
        shutil.rmtree(self.folder)


TestJournalStates = JournalStates.TestCase
TestJournalStates.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
