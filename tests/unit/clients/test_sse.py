"""Check the stream formats whatever the chunk borders."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from heliostat.sse import Frame, FrameDecoder, LineSplitter


def chunks_of(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(borders)]


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 10_000), max_size=20),
)
def test_lines_do_not_depend_on_chunk_borders(
    lines: list[str], ending: str, cuts: list[int]
) -> None:
    splitter = LineSplitter()
    data = "".join(line + ending for line in lines).encode()
    seen = [line for chunk in chunks_of(data, cuts) for line in splitter.feed(chunk)]
    # A last lone CR may be half of a CR LF; what follows or the end of the stream settles it.
    assert seen + list(splitter.finish()) == lines or (
        ending == "\r" and seen == lines[:-1] and lines[-1] == ""
    )


@given(st.lists(st.integers(0, 10_000), max_size=30))
def test_frames_do_not_depend_on_chunk_borders(cuts: list[int]) -> None:
    text = (
        'retry: 100\n: comment\n\nid: 1\nevent: quote\ndata: {"a":\ndata: 1}\n\n'
        "data: alone\u2028\n\nid: 3\n\nevent: gap\r\ndata:x\r\n\r\nid: 4\ndata: unfinished\n"
    )
    decoder = FrameDecoder()
    data = text.encode()
    assert [frame for chunk in chunks_of(data, cuts) for frame in decoder.feed(chunk)] == [
        Frame(event_id="1", event="quote", data='{"a":\n1}'),
        Frame(event_id="1", event="message", data="alone\u2028"),
        Frame(event_id="3", event="gap", data="x"),
    ]
