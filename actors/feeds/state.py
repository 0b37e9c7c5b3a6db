"""Own what a feed's stream says: what arrived, in order, becomes events, live and in replay alike.

Pure: every time is a parameter or comes with the frame.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

import msgspec

from core.market import (
    Gap,
    GapReason,
    Healed,
    Instrument,
    MarketEvent,
    Quote,
    Settlement,
    SettlementStage,
    Staleness,
)
from integrations.venue import Decoded, SessionDecoder
from storage.journal_format import Record, RecordKind

MakeDecoder = Callable[[int, str], SessionDecoder]
Mark = Gap | Staleness
"""Name what is not in any frame: it is known from the connection or from the clock."""


class _Final(msgspec.Struct, frozen=True):
    trade_date: date
    price: Decimal
    event_ns: int = 0


def _when(final: _Final) -> tuple[date, int]:
    return final.trade_date, final.event_ns


class _Saved(msgspec.Struct, frozen=True):
    known: list[Instrument]
    suspects: list[Instrument]
    gap: GapReason | None
    awaits_first: bool
    finals: list[tuple[Instrument, _Final]]


class FeedState:
    """Follow one venue's stream: which instruments are known, and which are suspect after a gap.

    A quote heals its instrument, because decoders make none of half a book. A final settlement
    that follows another final price of the same contract and day is passed on as corrected.
    """

    def __init__(self, venue: str, source: str) -> None:
        self._venue = venue
        self._source = source
        self._known: set[Instrument] = set()
        self._suspects: set[Instrument] = set()
        self._gap: GapReason | None = None
        self._awaits_first = False
        self._finals: dict[Instrument, _Final] = {}

    @property
    def gap(self) -> GapReason | None:
        """Return why the stream is interrupted; None while it is whole."""
        return self._gap

    @property
    def known(self) -> frozenset[Instrument]:
        """Return every instrument that was quoted so far."""
        return frozenset(self._known)

    @property
    def suspects(self) -> frozenset[Instrument]:
        """Return the instruments that had no fresh quote since a gap."""
        return frozenset(self._suspects)

    def take(self, decoded: Decoded, session: int, received_ns: int) -> list[MarketEvent]:
        """Return the events of one frame, and a mark if it heals something."""
        events: list[MarketEvent] = []
        healed: list[Instrument] = []
        for event in decoded.events:
            if isinstance(event, Quote):
                # One that comes late may be older than what is still missing.
                if not decoded.is_late and self._heal(event.instrument):
                    healed.append(event.instrument)
                events.append(event)
            elif isinstance(event, Settlement):
                events.append(self._staged(event))
            else:
                if isinstance(event, Gap):
                    self._open_gap(event)
                events.append(event)
        if healed:
            events.append(self._healed(session, received_ns, healed))
        return events

    def mark(self, mark: Mark) -> list[MarketEvent]:
        """Return the events of something that no frame told."""
        if isinstance(mark, Gap):
            self._open_gap(mark)
        return [mark]

    def _open_gap(self, gap: Gap) -> None:
        self._gap = gap.reason
        self._suspects |= set(gap.instruments) or self._known
        self._awaits_first = self._awaits_first or not self._suspects

    def _heal(self, instrument: Instrument) -> bool:
        is_new = instrument not in self._known
        if self._gap is None and not is_new:
            return False
        self._known.add(instrument)
        was_suspect = instrument in self._suspects
        self._suspects.discard(instrument)
        self._awaits_first = False
        if not self._suspects:
            self._gap = None
        # Whoever watched before a restart saw instruments that this process hears first now.
        return was_suspect or is_new

    def _healed(self, session: int, received_ns: int, instruments: list[Instrument]) -> Healed:
        return Healed(
            venue=self._venue,
            source=self._source,
            session=session,
            received_ns=received_ns,
            instruments=tuple(instruments),
        )

    def _staged(self, settlement: Settlement) -> Settlement:
        if settlement.stage is SettlementStage.PRELIMINARY:
            return settlement
        before = self._finals.get(settlement.instrument)
        final = _Final(settlement.trade_date, settlement.price, settlement.event_ns)
        if before is not None and _when(final) < _when(before):
            return settlement
        self._finals[settlement.instrument] = final
        is_corrected = (
            before is not None
            and before.trade_date == settlement.trade_date
            and before.price != settlement.price
        )
        if is_corrected:
            return msgspec.structs.replace(settlement, stage=SettlementStage.CORRECTED)
        return settlement

    def checkpoint(self) -> bytes:
        """Return the state, for `restore` of a new one."""
        saved = _Saved(
            known=sorted(self._known),
            suspects=sorted(self._suspects),
            gap=self._gap,
            awaits_first=self._awaits_first,
            finals=sorted(self._finals.items(), key=lambda item: item[0]),
        )
        return msgspec.msgpack.encode(saved)

    def restore(self, state: bytes) -> None:
        """Take over a state that `checkpoint` returned.

        Raises:
            msgspec.DecodeError: it is of another version of this program.
        """
        saved = msgspec.msgpack.decode(state, type=_Saved)
        self._known = set(saved.known)
        self._suspects = set(saved.suspects)
        self._gap = saved.gap
        self._awaits_first = saved.awaits_first
        self._finals = dict(saved.finals)


STATE_SESSION = 0
"""Name the session of a checkpoint that holds the feed's own state, not a decoder's."""


_MARKS = msgspec.msgpack.Decoder(Mark)


def mark_record(mark: Mark) -> Record:
    """Return what the journal keeps of a mark."""
    payload = msgspec.msgpack.encode(mark)
    return Record(RecordKind.EVENT, STATE_SESSION, mark.received_ns, payload)


def checkpoint_records(
    state: FeedState, decoders: Mapping[int, SessionDecoder], now_ns: int
) -> list[Record]:
    """Return what a segment begins with, so that it can be replayed alone."""
    kind = RecordKind.CHECKPOINT
    return [
        Record(kind, STATE_SESSION, now_ns, state.checkpoint()),
        *(
            Record(kind, session, now_ns, decoder.checkpoint())
            for session, decoder in decoders.items()
        ),
    ]


class Interpreter:
    """Turn the records of a journal into the events that the live feed made of them."""

    def __init__(self, venue: str, source: str, make_decoder: MakeDecoder) -> None:
        self._venue = venue
        self._source = source
        self._make_decoder = make_decoder
        self._decoders: dict[int, SessionDecoder] = {}
        self._state = FeedState(venue, source)

    def take(self, record: Record) -> list[MarketEvent]:
        """Return the events of one record; a checkpoint replaces the state and has none.

        Raises:
            msgspec.DecodeError: the record is of another version of this program.
        """
        if record.kind is RecordKind.FRAME:
            decoded = self._decoder(record.session).decode(record.payload, record.received_ns)
            return self._state.take(decoded, record.session, record.received_ns)
        if record.kind is RecordKind.EVENT:
            return self._state.mark(_MARKS.decode(record.payload))
        if record.session == STATE_SESSION:
            self._decoders.clear()
            self._state = FeedState(self._venue, self._source)
            self._state.restore(record.payload)
        else:
            self._decoder(record.session).restore(record.payload)
        return []

    def _decoder(self, session: int) -> SessionDecoder:
        decoder = self._decoders.get(session)
        if decoder is None:
            decoder = self._decoders[session] = self._make_decoder(session, self._source)
        return decoder
