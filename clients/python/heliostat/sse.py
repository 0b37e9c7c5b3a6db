"""Own the two line formats of the API's streams: server-sent events and JSON lines. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from heliostat.errors import UnexpectedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Hold one server-sent event; `event_id` is the last id seen so far on the stream."""

    event_id: str | None
    event: str
    data: str

    def json(self) -> dict[str, Any]:
        """Return the data as a JSON object.

        Raises:
            UnexpectedAnswer: it is none.
        """
        return json_object(self.data)


class LineSplitter:
    """Cut chunks of bytes into lines ended by LF, CR LF or CR, whatever the chunk borders."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield the lines that `chunk` completes."""
        text = self._rest + chunk
        # A CR at the end may be half of a CR LF: it waits for the next chunk.
        held = b"\r" if text.endswith(b"\r") else b""
        body = text[: len(text) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = body.split(b"\n")
        self._rest = rest + held
        for line in lines:
            yield line.decode("utf-8", "replace")

    def finish(self) -> Iterator[str]:
        """Yield the last line if nothing ended it."""
        rest, self._rest = self._rest.removesuffix(b"\r"), b""
        if rest:
            yield rest.decode("utf-8", "replace")


class FrameDecoder:
    """Turn chunks of a text/event-stream into frames; an unfinished frame is dropped."""

    def __init__(self, last_event_id: str | None = None) -> None:
        self._lines = LineSplitter()
        self._event_id = last_event_id
        self._event = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Frame]:
        """Yield the frames that `chunk` completes."""
        for line in self._lines.feed(chunk):
            if line:
                self._take(line)
            elif (frame := self._dispatch()) is not None:
                yield frame

    def _take(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value
        elif name == "id" and "\0" not in value:
            self._event_id = value

    def _dispatch(self) -> Frame | None:
        event, data = self._event or "message", self._data
        self._event, self._data = "", []
        if not data:
            return None
        return Frame(event_id=self._event_id, event=event, data="\n".join(data))


def json_object(text: str | bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UnexpectedAnswer: the text is none.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        message = f"The API answered with something that is not JSON: {error}"
        raise UnexpectedAnswer(message) from error
    if not isinstance(value, dict):
        message = f"The API answered with a JSON {type(value).__name__} instead of an object."
        raise UnexpectedAnswer(message)
    return value
