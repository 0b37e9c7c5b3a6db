"""Own the replay of captures: a file becomes the events that the live feed made of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from actors.feeds.state import Interpreter
from core.errors import InvalidInput
from core.market import MarketEvent
from integrations import registry
from storage.journal_format import JournalHeader, Record, RecordKind
from storage.journal_reader import read_file


@dataclass(slots=True)
class Replay:
    """Iterate the events of one captured segment, counting the records behind them.

    `first_ns` and `last_ns` are when the first and the last frame were received.
    """

    header: JournalHeader
    records: Iterator[Record]
    kinds: Counter[str] = field(default_factory=Counter)
    first_ns: int | None = None
    last_ns: int | None = None

    def __iter__(self) -> Iterator[MarketEvent]:
        """Yield the events, in the order of the capture.

        Raises:
            InvalidInput: a record is of another version of this program.
            JournalCorrupt: bytes before the end are no record.
        """
        spec = registry.venue(self.header.venue)
        interpreter = Interpreter(self.header.venue, self.header.source, spec.make_decoder)
        for record in self.records:
            self.kinds[record.kind.name.lower()] += 1
            if record.kind is RecordKind.FRAME:
                self.first_ns = self.first_ns or record.received_ns
                self.last_ns = record.received_ns
            try:
                events = interpreter.take(record)
            except msgspec.DecodeError as error:
                reason = f"a {record.kind.name.lower()} of version {self.header.version}: {error}"
                raise InvalidInput(field="file", reason=reason) from error
            yield from events


def open_replay(path: Path) -> Replay:
    """Open a captured segment, compressed or not.

    Raises:
        InvalidInput: the file is no capture.
        NotFound: its venue is not registered here.
        OSError: the file cannot be read.
    """
    header, records = read_file(path)
    registry.venue(header.venue)
    return Replay(header, records)
