"""Own what one session of the sandbox has sent: its numbers, its resends, and how it is spoilt."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from core.clock import Clock
from integrations.ice.codec import SEQUENCE_RESET
from integrations.ice.fix import encode
from integrations.ice.sandbox.messages import FieldList
from integrations.sandbox_frames import SKIPPED_NUMBERS
from integrations.sandbox_kit import FaultSwitch

MARKET_DATA = frozenset(("W", "X"))
_ADMINISTRATIVE = frozenset("012345A")
_GARBAGE = b"\x00\xff\x01=8=FI not a message"
_KEPT_MESSAGES = 20_000
_DRIP_BYTES, _DRIP_INTERVAL_S = 16, 0.01


@dataclass(frozen=True, slots=True)
class _Sent:
    kind: str
    fields: FieldList
    sent_ns: int


class Outbox:
    """Number, keep, spoil and write messages; one writer at a time."""

    def __init__(
        self, writer: asyncio.StreamWriter, faults: FaultSwitch, clock: Clock, sender: str
    ) -> None:
        self.is_silent = False
        self.target = "CLIENT"
        self.sent_ns = clock.now_ns()
        self._sender = sender
        self._writer = writer
        self._faults = faults
        self._clock = clock
        self._sending = asyncio.Lock()
        self._number = 0
        self._kept: OrderedDict[int, _Sent] = OrderedDict()
        self._to_lose = 0
        self._held: bytes | None = None

    async def send(self, kind: str, fields: FieldList) -> None:
        """Send a message under the next number."""
        # Reader and writer both send: the number must be taken in the order of sending.
        async with self._sending:
            if self.is_silent:
                return
            self._number += 1
            sent = _Sent(kind, fields, self._clock.now_ns())
            self.sent_ns = sent.sent_ns
            self._kept[self._number] = sent
            if len(self._kept) > _KEPT_MESSAGES:
                self._kept.popitem(last=False)
            await self._write_spoilt(kind, self._number, sent)

    async def resend(self, first: int, last: int, *, replays: bool) -> None:
        """Answer a resend request; `last` 0 means up to now."""
        async with self._sending:
            end = min(last or self._number, self._number) + 1
            number = first
            while number < end and not self.is_silent:
                kept = self._kept.get(number) if replays else None
                if kept is not None and kept.kind not in _ADMINISTRATIVE:
                    await self._write(self._encode(number, kept, is_duplicate=True))
                    number += 1
                    continue
                following = self._following(number, end) if replays else end
                fill: FieldList = [(123, "Y"), (36, str(following))]
                filled = _Sent(SEQUENCE_RESET, fill, self._clock.now_ns())
                await self._write(self._encode(number, filled, is_duplicate=True))
                number = following

    def _following(self, number: int, end: int) -> int:
        """Return the next number of a message that can be sent again."""
        return next(
            (
                later
                for later in range(number + 1, end)
                if later in self._kept and self._kept[later].kind not in _ADMINISTRATIVE
            ),
            end,
        )

    def _encode(self, number: int, sent: _Sent, *, is_duplicate: bool = False) -> bytes:
        now_ns = self._clock.now_ns() if is_duplicate else sent.sent_ns
        return encode(
            sent.kind,
            sent.fields,
            sequence=number,
            sent_ns=now_ns,
            sender=self._sender,
            target=self.target,
            original_ns=sent.sent_ns if is_duplicate else None,
        )

    async def _write_spoilt(self, kind: str, number: int, sent: _Sent) -> None:
        faults = self._faults
        frames = [self._encode(number, sent)]
        if kind in MARKET_DATA:
            frames = self._spoilt(frames[0], number, sent)
        if faults.take("low_sequence"):
            frames.append(self._encode(max(number - 1, 1), sent))
        if self._held is not None:
            frames.append(self._held)
            self._held = None
        elif frames and kind in MARKET_DATA and faults.take("reorder"):
            self._held = frames.pop()
        is_slow = faults.take("slow_drip")
        for frame in frames:
            await (self._drip(frame) if is_slow else self._write(frame))

    def _spoilt(self, frame: bytes, number: int, sent: _Sent) -> list[bytes]:
        faults = self._faults
        if faults.take("skip_sequence"):
            self._to_lose += SKIPPED_NUMBERS
        if self._to_lose:
            self._to_lose -= 1
            return []
        if faults.take("truncated_frame"):
            frame = frame[: len(frame) // 2]
        elif faults.take("bad_checksum"):
            frame = frame[:-4] + b"%03d\x01" % ((int(frame[-4:-1]) + 1) % 256)
        frames = [frame]
        if faults.take("repeat_sequence"):
            frames.append(self._encode(number, sent, is_duplicate=True))
        if faults.take("garbage_frame"):
            frames.insert(0, _GARBAGE)
        return frames

    async def _drip(self, frame: bytes) -> None:
        for start in range(0, len(frame), _DRIP_BYTES):
            await self._write(frame[start : start + _DRIP_BYTES])
            await asyncio.sleep(_DRIP_INTERVAL_S)

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
