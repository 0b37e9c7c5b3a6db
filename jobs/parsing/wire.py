"""Own the messages between the actor and a parsing process: length, then JSON, both bounded.

What a parsing process says is read as a stranger's words: it may have been taken over.
"""

import base64
import os
import select
import struct
import time
from dataclasses import dataclass

import msgspec

from core.errors import InvalidInput
from jobs.kinds.kind import ParsedCircuit
from jobs.parsing.qpy_header import read_header

MAX_REQUEST_BYTES = 32 * 2**20
"""Take the longest program that may be asked for, every character of it escaped."""

MAX_ANSWER_BYTES = 64 * 2**20
MAX_REASON_CHARACTERS = 500
MAX_NAME_CHARACTERS = 200
OUT_OF_MEMORY = 12
"""End a parsing process with this status where its memory does not suffice."""

_LENGTH = struct.Struct("!I")
_READ_BYTES = 2**16
_HEADER_CHARACTERS = 64


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """Ask for one program to be read."""

    language: str
    program: str


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Say that a process is closed off and warm, or why it cannot be."""

    unable: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the circuit that was read, or why it was not."""

    circuit: ParsedCircuit | None = None
    refused: str | None = None


class Ended(Exception):
    """Raised when the other side is gone."""


class Overdue(Exception):
    """Raised when the other side takes too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Send and receive whole messages over two descriptors, each within a time."""

    reads: int
    writes: int

    def send(self, message: msgspec.Struct, *, until_s: float | None = None) -> None:
        """Write a message; `until_s` is a time of the monotonic clock, None waits for ever.

        Raises:
            Ended: nobody reads.
            Overdue: it was not read in time.
        """
        body = msgspec.json.encode(message)
        rest = memoryview(_LENGTH.pack(len(body)) + body)
        while rest:
            _wait(self.writes, select.POLLOUT, until_s)
            try:
                # a pipe that can be written takes so much without waiting
                rest = rest[os.write(self.writes, rest[: select.PIPE_BUF]) :]
            except BrokenPipeError:
                raise Ended from None

    def receive(self, limit: int, *, until_s: float | None = None) -> bytes:
        """Read one message of at most `limit` bytes.

        Raises:
            Ended: there is none, or a longer one.
            Overdue: it did not come in time.
        """
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size, until_s))
        if length > limit:
            raise Ended
        return self._exactly(length, until_s)

    def _exactly(self, count: int, until_s: float | None) -> bytes:
        parts = []
        while count:
            _wait(self.reads, select.POLLIN, until_s)
            part = os.read(self.reads, min(count, _READ_BYTES))
            if not part:
                raise Ended
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def read_answer(body: bytes) -> ParsedCircuit:
    """Return the circuit of an answer.

    Raises:
        InvalidInput: the program was refused, or a parameter of it has a name that nobody could
            store or read; names it, and why.
        Ended: the answer is none that an honest process gives.
    """
    try:
        answer = msgspec.json.decode(body, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Ended from None
    if answer.circuit is None:
        raise InvalidInput(field="program", reason=readable(answer.refused or "it was refused"))
    try:
        head = base64.b64decode(answer.circuit.qpy[:_HEADER_CHARACTERS], validate=True)
        read_header(head)
    except (InvalidInput, ValueError):
        raise Ended from None
    for name in answer.circuit.parameters:
        if not name.isprintable() or not 0 < len(name) <= MAX_NAME_CHARACTERS:
            reason = (
                f"expected names of parameters of at most {MAX_NAME_CHARACTERS} printable "
                f"characters, was {name[:80]!r}"
            )
            raise InvalidInput(field="program", reason=readable(reason))
    return answer.circuit


def readable(reason: str) -> str:
    """Return the first line of a reason that says something, of printable characters."""
    lines = (line.strip() for line in reason.splitlines())
    line = next((line for line in lines if line), "it cannot be read")
    kept = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )
    return kept[:MAX_REASON_CHARACTERS]


def _wait(descriptor: int, event: int, until_s: float | None) -> None:
    if until_s is None:
        return
    left_s = until_s - time.monotonic()
    poll = select.poll()
    poll.register(descriptor, event)
    if left_s <= 0 or not poll.poll(left_s * 1000):
        raise Overdue
