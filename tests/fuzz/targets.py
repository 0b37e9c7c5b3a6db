"""Feed a codec inputs that coverage guides: `python -m tests.fuzz.targets NAME -runs=N DIR`.

libFuzzer changes the files of DIR and whatever reached new code. An exception ends the process with
the input in a file; the same command with that file instead of DIR runs it again.
"""

import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["integrations"]):
    from integrations.cme.codec import CmeDecoder, decode_control
    from integrations.ice.codec import IceDecoder
    from integrations.ice.fix import FixFramer, checksum
    from integrations.openweather.codec import (
        decode_current,
        decode_forecast,
        decode_one_call,
        decode_refusal,
    )

from core.errors import BadFrame
from core.market import Instrument, Quote, Settlement, Trade
from core.weather import POLLED_STATIONS, station
from integrations.venue import Decoded, SessionDecoder
from storage.copy_rows import quote_chunks, trade_chunks

Target = Callable[[bytes], None]

SESSION = 7
RECEIVED_NS = 1_795_000_000_000_000_000
_SOH = b"\x01"
_MAX_STORED = 2**63


def check(decoded: Decoded) -> None:
    """Hold an answer to the promises of `integrations/venue.py`, and to what can be stored."""
    assert decoded.bad is None or decoded.events == ()
    quotes: dict[Instrument, list[Quote]] = defaultdict(list)
    trades: dict[Instrument, list[Trade]] = defaultdict(list)
    for event in decoded.events:
        assert -_MAX_STORED <= event.received_ns < _MAX_STORED
        if isinstance(event, Quote):
            quotes[event.instrument].append(event)
        elif isinstance(event, Trade):
            trades[event.instrument].append(event)
        elif isinstance(event, Settlement):
            assert event.price.is_finite()
    for chunks in (quote_chunks(quotes), trade_chunks(trades)):
        for chunk in chunks:
            assert chunk


def decode_all(decoder: SessionDecoder, frames: list[bytes]) -> None:
    """Decode frames of one session, the later half by a decoder that was restored."""
    restored = type(decoder)(SESSION, "sandbox")  # type: ignore[call-arg]
    middle = len(frames) // 2
    for number, frame in enumerate(frames):
        if number == middle:
            restored.restore(decoder.checkpoint())
        decoded = decoder.decode(frame, RECEIVED_NS)
        check(decoded)
        if number >= middle:
            assert restored.decode(frame, RECEIVED_NS) == decoded


def cme(content: bytes) -> None:
    """Read lines as the frames of one session."""
    decode_all(CmeDecoder(SESSION, "sandbox"), content.split(b"\n"))
    decode_control(content)


def ice(content: bytes) -> None:
    """Read bytes as they may come over a socket, in two pieces."""
    framer = FixFramer()
    middle = len(content) // 2
    frames = [*framer.feed(content[:middle]), *framer.feed(content[middle:])]
    decode_all(IceDecoder(SESSION, "sandbox"), frames)


def ice_fields(content: bytes) -> None:
    """Read lines as the fields of messages whose frames are right, so that they are looked into."""
    decode_all(IceDecoder(SESSION, "sandbox"), [_framed(line) for line in content.split(b"\n")])


def _framed(body: bytes) -> bytes:
    fields = body.replace(b"|", _SOH)
    message = b"8=FIX.4.4\x019=%d\x01%s" % (len(fields), fields)
    return b"%s10=%03d\x01" % (message, checksum(message))


def openweather(content: bytes) -> None:
    """Read bytes as the body of each answer."""
    where = station(POLLED_STATIONS[0])
    for decode in (decode_one_call, decode_current, decode_forecast):
        with suppress(BadFrame):
            decode(content, station=where, source="sandbox", received_ns=RECEIVED_NS)
    decode_refusal(content, 401)


TARGETS: dict[str, Target] = {
    "cme": cme,
    "ice": ice,
    "ice_fields": ice_fields,
    "openweather": openweather,
}


def main() -> None:
    """Run the target that the first argument names; the others are libFuzzer's."""
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
