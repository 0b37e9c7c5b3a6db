"""Own how a gateway lays its messages out: an order of fields seen before is read in one match.

Pure. Knows which fields matter and where a repeating group begins, not what their values mean.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import msgspec

from integrations.ice.fix import pairs_of

IMAGE, UPDATE = "W", "X"

_FIRST_TAG = {IMAGE: "269", UPDATE: "279"}
# A gateway has a handful; a stream made to have more is read the slow way.
_MAX_LAYOUTS = 64
_MAX_FIELDS = 256


class Values(msgspec.Struct, gc=False):
    """Hold the values of the fields that matter, empty where a field is missing."""

    kind: str = ""
    number: str = ""
    sent: str = ""
    duplicate: str = ""
    gap_fill: str = ""
    new_number: str = ""
    report: str = ""
    entry_count: str = ""
    action: str = ""
    entry_type: str = ""
    symbol: str = ""
    maturity: str = ""
    security_type: str = ""
    price: str = ""
    size: str = ""
    day: str = ""
    clock: str = ""
    level: str = ""
    entry_id: str = ""
    flag: str = ""
    aggressor: str = ""


_TAG_OF = {
    "kind": "35",
    "number": "34",
    "sent": "52",
    "duplicate": "43",
    "gap_fill": "123",
    "new_number": "36",
    "report": "83",
    "entry_count": "268",
    "action": "279",
    "entry_type": "269",
    "symbol": "55",
    "maturity": "200",
    "security_type": "167",
    "price": "270",
    "size": "271",
    "day": "272",
    "clock": "273",
    "level": "290",
    "entry_id": "278",
    "flag": "286",
    "aggressor": "5797",
}
_TAGS = tuple(_TAG_OF[name] for name in Values.__struct_fields__)
_WANTED = frozenset(_TAGS)


Parts = tuple[Values, tuple[Values, ...]]
"""Hold the fields ahead of the entries, and those of each; one entry may be both together."""


class _Places(NamedTuple):
    """Hold by number which pieces of a message are wanted: 1 is empty, 2 the first field.

    `entries` is None where the fields of the one entry are taken together with the header's.
    """

    header: tuple[int, ...]
    entries: tuple[tuple[int, ...], ...] | None


class _Layout(NamedTuple):
    """Hold the pattern whose groups are the pieces of a message, and which of them are wanted."""

    pattern: re.Pattern[str]
    places: _Places


class Layouts:
    """Read the messages of one session, remembering the layouts of its market data."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[_Layout]] = {}
        self._count = 0

    def read(self, frame: bytes) -> Parts:
        """Read a chunk without a `frame_problem`.

        Raises:
            ValueError: a field is not `tag=value`, one that matters has no value, or one of an
                entry comes twice.
        """
        known = self._known.get(_first_entry_type(frame))
        if known is not None:
            text = str(frame, "latin-1")
            for pattern, places in known:
                found = pattern.fullmatch(text)
                if found is not None:
                    return _parts(found.group, places)
        return self._read_new(frame)

    def _read_new(self, frame: bytes) -> Parts:
        pairs = pairs_of(frame)
        tags = tuple([pair[0] for pair in pairs])
        kind = next((value for tag, value in pairs if tag == "35"), "")
        places = _places_of(kind, tags)
        if kind in _FIRST_TAG:
            if any(tag in _WANTED and not value for tag, value in pairs):
                reason = "a field has no value"
                raise ValueError(reason)
            if len(tags) <= _MAX_FIELDS and self._count < _MAX_LAYOUTS:
                self._count += 1
                layout = _Layout(_pattern_of(kind, tags), places)
                self._known.setdefault(_first_entry_type(frame), []).append(layout)
        pieces = ["", "", *(pair[1] for pair in pairs)]
        return _parts(lambda *numbers: tuple([pieces[number] for number in numbers]), places)


def _first_entry_type(frame: bytes) -> bytes:
    """Return what tells most layouts apart: quotes, trades and settlements come mixed."""
    at = frame.find(b"\x01269=") + 5
    return frame[at : at + 1]


def _parts(pieces: Callable[..., Iterable[str]], places: _Places) -> Parts:
    header = Values(*pieces(*places.header))
    if places.entries is None:
        return header, (header,)
    return header, tuple([Values(*pieces(*entry)) for entry in places.entries])


def _places_of(kind: str, tags: tuple[str, ...]) -> _Places:
    first = _FIRST_TAG.get(kind)
    if first is None:
        return _Places(_wanted(tags, 0, len(tags)), ())
    starts = [number for number, tag in enumerate(tags) if tag == first]
    if len(starts) == 1 and len(set(tags)) == len(tags):
        return _Places(_wanted(tags, 0, len(tags)), None)
    edges = [0, *starts, len(tags)]
    if any(len(set(tags[start:end])) != end - start for start, end in pairwise(edges)):
        reason = "a field comes twice"
        raise ValueError(reason)
    header, *entries = (_wanted(tags, start, end) for start, end in pairwise(edges))
    return _Places(header, tuple(entries))


def _wanted(tags: tuple[str, ...], start: int, end: int) -> tuple[int, ...]:
    """Return the place of every wanted tag among the fields from `start` to before `end`."""
    places = {tag: place for place, tag in enumerate(tags[start:end], start + 2)}
    return tuple(places.get(tag, 1) for tag in _TAGS)


# New sessions of a gateway lay their messages out as the ones before.
@lru_cache(maxsize=_MAX_LAYOUTS)
def _pattern_of(kind: str, tags: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern of the whole message: an empty group, and then one for every field."""
    fields = [
        rf"{re.escape(tag)}=({kind})\x01" if tag == "35" else rf"{re.escape(tag)}=([^\x01]++)\x01"
        for tag in tags
    ]
    return re.compile(r"()8=FIX\.4\.4\x019=[0-9]+\x01" + "".join(fields) + r"10=[0-9]{3}\x01")
