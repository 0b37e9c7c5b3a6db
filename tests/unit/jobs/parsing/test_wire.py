"""Check messages over a pipe: whole, bounded, in time, and never believed."""

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.specifications.circuit import MAX_PROGRAM_CHARACTERS
from jobs.kinds.kind import ParsedCircuit
from jobs.parsing.wire import (
    MAX_REASON_CHARACTERS,
    MAX_REQUEST_BYTES,
    Answer,
    Channel,
    Ended,
    Overdue,
    Request,
    read_answer,
    readable,
)

CIRCUIT = ParsedCircuit(
    qpy="UUlTS0lUEgICAgAAAAAAAAABcA==",  # the header of version 18, one circuit
    qubits=2,
    clbits=0,
    parameters=("theta",),
    gates=3,
    two_qubit_gates=1,
    depth=2,
    cut_bits=1,
    is_clifford=False,
    is_measured=False,
    is_dynamic=False,
)


@pytest.fixture
def loop() -> Iterator[Channel]:
    """Return a channel that hears what it says."""
    reads, writes = os.pipe()
    yield Channel(reads=reads, writes=writes)
    for descriptor in (reads, writes):
        try:
            os.close(descriptor)
        except OSError:  # a test closed it
            continue


def test_the_longest_program_fits_however_it_is_escaped() -> None:
    longest = Request(language="qasm3", program="\0" * MAX_PROGRAM_CHARACTERS)
    assert len(msgspec.json.encode(longest)) <= MAX_REQUEST_BYTES


def test_large_messages_arrive_whole(loop: Channel) -> None:
    asked = Request(language="qasm3", program="π" * 1_000_000)
    until_s = time.monotonic() + 30
    sender = threading.Thread(target=loop.send, args=(asked,), kwargs={"until_s": until_s})
    sender.start()
    body = loop.receive(3_000_000, until_s=until_s)
    sender.join()
    assert msgspec.json.decode(body, type=Request) == asked


def test_a_message_over_the_bound_is_not_read(loop: Channel) -> None:
    loop.send(Request(language="qasm3", program="x" * 100))
    with pytest.raises(Ended):
        loop.receive(50)


def test_a_closed_pipe_ends_both_ways() -> None:
    reads, writes = os.pipe()
    os.close(writes)
    with pytest.raises(Ended):
        Channel(reads=reads, writes=reads).receive(10, until_s=time.monotonic() + 30)
    os.close(reads)
    reads, writes = os.pipe()
    os.close(reads)
    with pytest.raises(Ended):
        Channel(reads=writes, writes=writes).send(Answer(), until_s=time.monotonic() + 30)
    os.close(writes)


def test_silence_and_a_full_pipe_are_overdue(loop: Channel) -> None:
    with pytest.raises(Overdue):
        loop.receive(10, until_s=time.monotonic() + 0.01)
    with pytest.raises(Overdue):
        loop.send(Answer(refused="x" * 2**20), until_s=time.monotonic() + 0.05)


def test_a_circuit_survives_the_way() -> None:
    assert read_answer(msgspec.json.encode(Answer(circuit=CIRCUIT))) == CIRCUIT


def test_a_refusal_is_an_error_that_names_the_program() -> None:
    with pytest.raises(InvalidInput, match="program: line 1, column 2: no") as caught:
        read_answer(msgspec.json.encode(Answer(refused="\n line 1, column 2: no\nmore")))
    assert caught.value.context["field"] == "program"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}}",
        b"[]",
        b'{"refused": "\xa5"}',
        b'{"other": ' + b"[" * 100_000,
        b'{"circuit": {"qpy": "UUlTS0lUEgICAgAAAAAAAAABcA=="}}',
        msgspec.json.encode(Answer(circuit=CIRCUIT)).replace(b'"qubits":2', b'"qubits":"2"'),
        # version 12, and no QPY at all
        msgspec.json.encode(Answer(circuit=CIRCUIT)).replace(b"UUlTS0lUEg", b"UUlTS0lUDA"),
        msgspec.json.encode(Answer(circuit=CIRCUIT)).replace(b"UUlTS0lUEg", b"!!!!"),
    ],
)
def test_what_no_honest_process_says_is_not_believed(body: bytes) -> None:
    with pytest.raises(Ended):
        read_answer(body)


@given(st.text(max_size=2_000))
def test_reasons_are_short_and_printable(reason: str) -> None:
    said = readable(reason)
    assert said.isprintable()
    assert 0 < len(said) <= MAX_REASON_CHARACTERS


@pytest.mark.parametrize("name", ["", "a\0b", "a\nb", "\u202e", "a" * 201])
def test_a_name_that_nobody_can_store_or_read_is_refused(name: str) -> None:
    answer = Answer(circuit=replace(CIRCUIT, parameters=("theta", name)))
    with pytest.raises(InvalidInput, match="program: expected names of parameters of at most 200"):
        read_answer(msgspec.json.encode(answer))
