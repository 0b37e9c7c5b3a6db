"""Check that a journal returns what was appended, whatever befalls its last bytes."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput, JournalCorrupt, SourceUnavailable
from storage import journal
from storage.journal import (
    JournalWriter,
    compress_segment,
    compressed_segments,
    remove_segments,
    segment_number,
    segments,
)
from storage.journal_format import Position, Record, RecordKind
from storage.journal_reader import JournalReader, read_file

ROOT = Path(__file__).parents[3]


def frame(number: int, payload: bytes = b"payload") -> Record:
    return Record(RecordKind.FRAME, 7, 1_000 + number, payload + str(number).encode())


@pytest.fixture
def writers() -> Iterator[list[JournalWriter]]:
    opened: list[JournalWriter] = []
    yield opened
    for writer in opened:
        writer.close()


def begin(
    folder: Path,
    now_ns: int = 1,
    *,
    max_segment_bytes: int = journal.DEFAULT_SEGMENT_BYTES,
    max_bytes: int = journal.DEFAULT_JOURNAL_BYTES,
) -> JournalWriter:
    return JournalWriter(
        folder,
        venue="cme",
        source="sandbox",
        products=("CL", "NG"),
        version="0.1.0",
        now_ns=now_ns,
        max_segment_bytes=max_segment_bytes,
        max_bytes=max_bytes,
    )


def read_all(reader: JournalReader) -> list[Record]:
    found: list[Record] = []
    while records := reader.read(100):
        found.extend(record for record, _ in records)
    return found


def all_of(folder: Path) -> list[Record]:
    reader = JournalReader(folder, None)
    try:
        return read_all(reader)
    finally:
        reader.close()


records_of_any_kind = st.builds(
    Record,
    st.sampled_from(RecordKind),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=400),
)


@given(batches=st.lists(st.lists(records_of_any_kind, max_size=8), max_size=8))
@settings(max_examples=60)
def test_every_record_comes_back(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Record]]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    writer = begin(folder)
    ends = [writer.append(batch) for batch in batches]
    writer.close()
    sent = [record for batch in batches for record in batch]
    assert all_of(folder) == sent
    header, records = read_file(writer.path)
    assert list(records) == sent
    assert (header.venue, header.source, header.products) == ("cme", "sandbox", ("CL", "NG"))
    assert header.created_ns == 1
    for batch, end in zip(batches, ends, strict=True):
        sent = sent[len(batch) :]
        reader = JournalReader(folder, end)
        assert read_all(reader) == sent
        reader.close()


def test_positions_are_those_of_the_writer(tmp_path: Path, writers: list[JournalWriter]) -> None:
    writer = begin(tmp_path)
    writers.append(writer)
    ends = [writer.append([frame(number)]) for number in range(5)]
    reader = JournalReader(tmp_path, None)
    assert [position for _, position in reader.read(10)] == ends
    assert reader.position == writer.position
    assert reader.waiting_bytes == 0
    reader.close()


def test_a_reader_follows_over_segments(tmp_path: Path, writers: list[JournalWriter]) -> None:
    writer = begin(tmp_path)
    writers.append(writer)
    reader = JournalReader(tmp_path, None)
    assert reader.read(10) == []
    state = Record(RecordKind.CHECKPOINT, 7, 2_000, b"state")
    writer.append([frame(0)])
    assert read_all(reader) == [frame(0)]
    writer.append([frame(1)])
    closed = writer.rotate(2_000, [state])
    writer.append([frame(2)])
    assert reader.waiting_bytes > 0
    assert read_all(reader) == [frame(1), state, frame(2)]
    assert reader.waiting_bytes == 0
    assert segments(tmp_path) == [closed, writer.path]
    assert list(read_file(writer.path)[1]) == [state, frame(2)]
    reader.close()


def test_the_torn_end_of_a_killed_writer_is_passed_over(tmp_path: Path) -> None:
    writer = begin(tmp_path / "whole")
    header = writer.position.offset
    ends = [writer.append([frame(number)]) for number in range(3)]
    writer.close()
    content = writer.path.read_bytes()
    for length in range(len(content)):
        folder = tmp_path / str(length)
        folder.mkdir()
        (folder / writer.path.name).write_bytes(content[:length])
        kept = [frame(n) for n, end in enumerate(ends) if end and end.offset <= length]
        reader = JournalReader(folder, None)
        assert read_all(reader) == kept
        later = begin(folder)
        later.append([frame(9)])
        later.close()
        assert read_all(reader) == [frame(9)]
        whole = max([header, *(end.offset for end in ends if end and end.offset <= length)])
        assert reader.torn_bytes == (length - whole if length >= header else length)
        reader.close()


def test_zeros_left_by_a_power_cut_are_a_torn_end(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    writer.append([frame(0)])
    writer.close()
    with writer.path.open("ab") as file:
        file.write(bytes(5_000))
    begin(tmp_path).close()
    assert all_of(tmp_path) == [frame(0)]


@pytest.mark.parametrize("is_followed", [False, True])
def test_damage_in_the_middle_is_told(tmp_path: Path, is_followed: bool) -> None:
    writer = begin(tmp_path / "whole")
    first = writer.append([frame(0)])
    second = writer.append([frame(1)])
    writer.append([frame(2)])
    writer.close()
    content = writer.path.read_bytes()
    assert first is not None
    assert second is not None
    for offset in range(first.offset, second.offset):
        folder = tmp_path / f"{offset}"
        folder.mkdir()
        damaged = bytearray(content)
        damaged[offset] ^= 0x55
        (folder / writer.path.name).write_bytes(damaged)
        if is_followed:
            begin(folder, 10).close()
        reader = JournalReader(folder, None)
        assert [record for record, _ in reader.read(10)] == [frame(0)]
        for _ in range(2):
            with pytest.raises(JournalCorrupt) as caught:
                reader.read(10)
            assert caught.value.context["offset"] == first.offset
        assert reader.skip_damage() == second.offset - first.offset
        assert read_all(reader) == [frame(2)]
        reader.close()
        with pytest.raises(JournalCorrupt):
            list(read_file(folder / writer.path.name)[1])


def test_a_damaged_header_is_told_and_passed_over(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    header = writer.position.offset
    writer.append([frame(0)])
    writer.close()
    content = bytearray(writer.path.read_bytes())
    content[20] ^= 0x01
    writer.path.write_bytes(content)
    reader = JournalReader(tmp_path, None)
    with pytest.raises(JournalCorrupt):
        reader.read(10)
    assert reader.skip_damage() == header
    assert read_all(reader) == [frame(0)]
    reader.close()
    with pytest.raises(InvalidInput):
        read_file(writer.path)


def test_a_journal_inside_a_record_is_not_taken_for_records(tmp_path: Path) -> None:
    inner = begin(tmp_path / "inner")
    inner.append([frame(0)])
    inner.close()
    writer = begin(tmp_path / "outer")
    start = writer.position.offset
    writer.append([Record(RecordKind.FRAME, 1, 1, inner.path.read_bytes())])
    writer.close()
    os.truncate(writer.path, writer.path.stat().st_size - 1)
    reader = JournalReader(tmp_path / "outer", None)
    assert reader.read(10) == []
    assert reader.position == Position(1, start)
    reader.close()


def test_a_full_journal_refuses_until_segments_are_removed(
    tmp_path: Path, writers: list[JournalWriter]
) -> None:
    writer = begin(tmp_path, max_segment_bytes=10_000, max_bytes=8_000)
    writers.append(writer)
    written: list[Record] = []
    for number in range(1_000):
        if writer.append([frame(number)]) is None:
            break
        written.append(frame(number))
        if writer.should_rotate:
            writer.rotate(number, ())
    assert not writer.is_full or writer.append([frame(0)]) is None
    assert len(segments(tmp_path)) >= 4
    assert sum(path.stat().st_size for path in segments(tmp_path)) <= 8_000
    assert all_of(tmp_path) == written
    assert remove_segments(tmp_path, Position(segment_number(segments(tmp_path)[1]), 0))
    assert writer.append([frame(0)]) is not None
    assert not writer.is_full


def test_no_segment_that_is_still_needed_is_removed(
    tmp_path: Path, writers: list[JournalWriter]
) -> None:
    writer = begin(tmp_path)
    writers.append(writer)
    closed = [writer.rotate(number, ()) for number in range(10, 50, 10)]
    kept = closed[0]
    assert remove_segments(tmp_path, Position(segment_number(closed[2]), 40), keep={kept}) == [
        closed[1]
    ]
    assert segments(tmp_path) == [kept, closed[2], closed[3], writer.path]
    beyond = Position(writer.position.segment + 1, 0)
    assert remove_segments(tmp_path, beyond) == [kept, closed[2], closed[3]]
    assert segments(tmp_path) == [writer.path]


def test_segments_are_numbered_upwards_even_if_the_clock_goes_back(
    tmp_path: Path, writers: list[JournalWriter]
) -> None:
    first = begin(tmp_path, 1_000)
    assert first.rotate(900, ()) == tmp_path / "00000000000000001000.journal"
    first.close()
    second = begin(tmp_path, 500)
    writers.append(second)
    assert second.position.segment == 1_002


def test_reading_goes_on_where_a_removed_segment_ended(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    end = writer.append([frame(0)])
    writer.rotate(2, ())
    writer.append([frame(1)])
    writer.close()
    assert end is not None
    remove_segments(tmp_path, writer.position)
    reader = JournalReader(tmp_path, end)
    assert read_all(reader) == [frame(1)]
    reader.close()


def test_only_one_process_writes(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    with pytest.raises(SourceUnavailable):
        begin(tmp_path)
    writer.close()
    begin(tmp_path).close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_failing_disk_leaves_whole_records_only(
    tmp_path: Path,
    writers: list[JournalWriter],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    writer = begin(tmp_path)
    writers.append(writer)
    end = writer.append([frame(0)])

    def write_part_then_fail(file: int, data: bytes) -> None:
        os.write(file, data[: len(data) // 2])
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(journal, "_write", write_part_then_fail)
        if number == errno.ENOSPC:
            assert writer.append([frame(1), frame(2), frame(3)]) is None
        else:
            with pytest.raises(SourceUnavailable):
                writer.append([frame(1), frame(2), frame(3)])
    assert writer.should_rotate
    assert writer.position == end
    assert writer.append([frame(4)]) is None
    writer.rotate(2, ())
    assert writer.append([frame(5)]) is not None
    assert all_of(tmp_path) == [frame(0), frame(5)]


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SourceUnavailable):
        begin(tmp_path / "file")


def test_a_payload_too_large_is_refused(tmp_path: Path, writers: list[JournalWriter]) -> None:
    writer = begin(tmp_path)
    writers.append(writer)
    with pytest.raises(ValueError, match="too large"):
        writer.append([Record(RecordKind.FRAME, 1, 1, bytes(16 * 1024 * 1024 + 1))])
    assert writer.append([frame(0)]) is not None
    assert all_of(tmp_path) == [frame(0)]


def test_records_larger_than_what_is_read_at_once(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    large = [frame(n, bytes([n]) * size) for n, size in enumerate((2**20, 3 * 2**20, 5, 2**24 - 1))]
    writer.append(large)
    writer.close()
    assert all_of(tmp_path) == large


def compressible(count: int) -> Sequence[Record]:
    return [
        frame(number, b'{"header":{"messageType":"TOB"},"payload":[]}' * 5)
        for number in range(count)
    ]


def test_compression_is_exact(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    writer.append(compressible(5_000))
    writer.close()
    packed = compress_segment(writer.path)
    assert packed == tmp_path / f"{writer.path.name}.zst"
    assert compressed_segments(tmp_path) == [packed]
    assert packed.stat().st_size < writer.path.stat().st_size / 5
    unpacked = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, pyarrow as pa; "
            "sys.stdout.buffer.write(pa.input_stream(sys.argv[1], compression='zstd').read())",
            str(packed),
        ],
        capture_output=True,
        check=True,
    ).stdout
    assert unpacked == writer.path.read_bytes()
    header, records = read_file(packed)
    assert header == read_file(writer.path)[0]
    assert list(records) == compressible(5_000)


def test_a_cut_or_foreign_file_is_refused(tmp_path: Path) -> None:
    writer = begin(tmp_path)
    writer.append(compressible(100))
    writer.close()
    packed = compress_segment(writer.path)
    content = packed.read_bytes()
    cut = tmp_path / "cut.journal.zst"
    cut.write_bytes(content[: len(content) // 2])
    foreign = tmp_path / "foreign.csv"
    foreign.write_text("date,product\n")
    for path in (cut, foreign):
        with pytest.raises(InvalidInput):
            read_file(path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "absent.journal.zst")


_ENDLESS_WRITER = """
import sys
from pathlib import Path
from storage.journal import JournalWriter
from storage.journal_format import Record, RecordKind

writer = JournalWriter(Path(sys.argv[1]), venue="cme", source="sandbox", products=("CL",),
                       version="0", now_ns=1, max_segment_bytes=100_000)
number = 0
while True:
    batch = [Record(RecordKind.FRAME, 1, n, b"%d" % n * 40) for n in range(number, number + 50)]
    writer.append(batch)
    number += 50
    print(number, ' ' * 8_000, flush=True)  # fills the pipe, so that the reader keeps up
    if writer.should_rotate:
        writer.rotate(number, ())
"""


def test_nothing_appended_is_lost_with_a_killed_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS_WRITER, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    reader = JournalReader(tmp_path, None)
    found: list[Record] = []
    reported = 0
    while reported < 5_000:
        reported = int(process.stdout.readline())
        found += [record for record, _ in reader.read(100)]
    process.send_signal(signal.SIGKILL)
    reported = max([reported, *(int(line) for line in process.stdout if line.endswith("\n"))])
    process.stdout.close()
    process.wait(10)
    begin(tmp_path).close()
    found += read_all(reader)
    reader.close()
    assert [record.received_ns for record in found] == list(range(len(found)))
    assert len(found) >= reported
    assert len(segments(tmp_path)) > 3
