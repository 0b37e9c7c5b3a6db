"""Hold the framing: whole messages however the stream is cut, and nothing lost between them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.ice.fix import (
    CHECKSUM,
    GARBLED,
    MAX_GARBAGE_BYTES,
    TRUNCATED,
    FixFramer,
    checksum,
    encode,
    fields_of,
    format_ns,
    frame_problem,
    message_type,
    pairs_of,
    parse_ns,
)

SENT_NS = 1_795_190_400_000_000_000
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40)
FIELDS = st.lists(st.tuples(st.integers(58, 9999), PRINTABLE), max_size=8)


def message(*fields: tuple[int, str], kind: str = "X", sequence: int = 7) -> bytes:
    return encode(kind, fields, sequence=sequence, sent_ns=SENT_NS, sender="ICEMD", target="CLIENT")


def test_a_message_is_written_as_documented() -> None:
    wire = message((112, "T1"), kind="0").replace(b"\x01", b"|")
    body = b"35=0|49=ICEMD|56=CLIENT|34=7|52=20261120-16:00:00.000|112=T1|"
    head = b"8=FIX.4.4|9=%d|" % len(body)
    total = sum((head + body).replace(b"|", b"\x01")) % 256
    assert wire == head + body + b"10=%03d|" % total


def test_a_resent_message_says_so() -> None:
    wire = encode(
        "X",
        [(58, "x")],
        sequence=7,
        sent_ns=SENT_NS + 10**9,
        sender="A",
        target="B",
        original_ns=SENT_NS,
    )
    values = fields_of(wire)
    assert (values["43"], values["122"]) == ("Y", "20261120-16:00:00.000")
    assert values["52"] == "20261120-16:00:01.000"


@pytest.mark.parametrize("value", ["", "a\x01b"])
def test_a_value_that_would_break_the_message_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="tag 58"):
        message((58, value))


@given(st.binary(max_size=3000))
def test_the_checksum_is_the_sum_of_the_bytes(content: bytes) -> None:
    assert checksum(content) == sum(content) % 256


@given(FIELDS)
def test_every_written_message_is_read_back(fields: list[tuple[int, str]]) -> None:
    wire = message(*fields)
    assert frame_problem(wire) is None
    assert message_type(wire) == b"X"
    read = [(int(tag), value) for tag, value in pairs_of(wire)]
    assert read[5:] == fields


@given(st.binary(max_size=60))
def test_fields_are_whatever_stands_between_delimiters(body: bytes) -> None:
    content = b"8=FIX.4.4\x019=%d\x01" % (len(body) + 6) + b"35=0\x01" + body + b"\x01"
    content += b"10=%03d\x01" % checksum(content)
    split = [part.split("=", 1) for part in ("35=0\x01" + body.decode("latin-1")).split("\x01")]
    if any(len(part) == 1 for part in split):
        with pytest.raises(ValueError, match="tag=value"):
            pairs_of(content)
        return
    assert pairs_of(content) == split
    assert fields_of(content) == dict(split)


MESSAGES = st.lists(FIELDS.map(lambda fields: message(*fields)), max_size=5)
NOISE = st.one_of(
    st.binary(max_size=30), st.sampled_from([b"8=FI", b"8=FIX.4.4\x019=", b"8=FIX.4.2\x01"])
)


@given(MESSAGES, st.lists(st.integers(0, 400), max_size=12))
def test_chunks_do_not_depend_on_how_the_stream_is_cut(
    messages: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(messages)
    framer = FixFramer()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [chunk for start, end in pairwise(edges) for chunk in framer.feed(stream[start:end])]
    assert chunks == messages
    assert framer.waiting_bytes == 0


@given(st.lists(st.tuples(NOISE, FIELDS), max_size=4), st.lists(st.integers(0, 800), max_size=9))
def test_garbage_is_handed_on_and_never_swallows_a_message(
    parts: list[tuple[bytes, list[tuple[int, str]]]], cuts: list[int]
) -> None:
    messages = [message(*fields) for _, fields in parts]
    stream = b"".join(noise + wire for (noise, _), wire in zip(parts, messages, strict=True))
    stream += message(kind="0")
    whole, piecewise = FixFramer(), FixFramer()
    chunks = whole.feed(stream)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [
        chunk for start, end in pairwise(edges) for chunk in piecewise.feed(stream[start:end])
    ]
    assert pieces == chunks
    assert b"".join(chunks) == stream
    assert [chunk for chunk in chunks if frame_problem(chunk) is None] == [
        *messages,
        message(kind="0"),
    ]


def test_half_a_message_comes_as_a_chunk_once_the_next_begins() -> None:
    first, second = message((58, "first")), message((58, "second"))
    framer = FixFramer()
    assert framer.feed(first[:60]) == []
    assert framer.feed(second) == [first[:60], second]
    assert frame_problem(first[:60]) == TRUNCATED


def test_what_waits_is_bounded() -> None:
    framer = FixFramer()
    chunks = [chunk for _ in range(300) for chunk in framer.feed(b"x" * 1000)]
    assert {len(chunk) for chunk in chunks} == {MAX_GARBAGE_BYTES}
    assert framer.waiting_bytes <= MAX_GARBAGE_BYTES + 5
    assert framer.feed(b"8=FIX.4.4\x019=99999999\x01") != []
    assert framer.feed(message())[-1] == message()


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda wire: b"", GARBLED),
        (lambda wire: b"not FIX at all", GARBLED),
        (lambda wire: wire.replace(b"FIX.4.4", b"FIX.4.2"), GARBLED),
        (lambda wire: wire.replace(b"9=", b"9=x", 1), GARBLED),
        (lambda wire: wire[:14], GARBLED),
        (lambda wire: wire[:-9], TRUNCATED),
        (lambda wire: wire + b"x", TRUNCATED),
        (lambda wire: wire.replace(b"58=text", b"58=texts"), TRUNCATED),
        (lambda wire: wire.replace(b"58=text", b"58=texs"), CHECKSUM),
        (lambda wire: wire[:-4] + b"999\x01", CHECKSUM),
        (lambda wire: wire, None),
    ],
)
def test_a_chunk_that_is_no_message_is_told_apart(spoil: object, problem: str | None) -> None:
    assert callable(spoil)
    assert frame_problem(spoil(message((58, "text")))) == problem


def test_a_length_with_leading_zeros_is_still_a_length() -> None:
    body = b"35=0\x0149=A\x0156=B\x0134=1\x0152=20261120-16:00:00\x01"
    content = b"8=FIX.4.4\x019=%06d\x01" % len(body) + body
    wire = content + b"10=%03d\x01" % checksum(content)
    assert frame_problem(wire) is None
    assert FixFramer().feed(wire) == [wire]


@given(st.integers(0, 9_000_000_000_000))
def test_times_are_read_as_written(milliseconds: int) -> None:
    assert parse_ns(format_ns(milliseconds * 1_000_000)) == milliseconds * 1_000_000


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("20261120-16:00:00", 0),
        ("20261120-16:00:00.5", 500_000_000),
        ("20261120-16:00:00.123456789", 123_456_789),
    ],
)
def test_fractions_have_up_to_nine_digits(text: str, nanoseconds: int) -> None:
    assert parse_ns(text) == SENT_NS + nanoseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20261120",
        "20261120-16:00:60",
        "20261320-16:00:00",
        "20261120-16:00:00.",
        "20261120-16:00:00.1234567890",
        "20261120-16:00:00.1_2",
        "20261120-16:00:00Z",
        "2026112²-16:00:00",
        "00011120-16:00:00",
        "99991120-16:00:00",
    ],
)
def test_another_form_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|match|second"):
        parse_ns(text)
