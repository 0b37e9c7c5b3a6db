"""Check which QPY files are refused by their first bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit, qpy
from qiskit.qpy.common import QPY_VERSION

from core.errors import InvalidInput
from jobs.parsing.qpy_header import OLDEST_VERSION, read_header


def dumped(version: int, circuits: int = 1) -> bytes:
    buffer = io.BytesIO()
    qpy.dump([QuantumCircuit(1)] * circuits, buffer, version=version)
    return buffer.getvalue()


@pytest.mark.parametrize("version", range(OLDEST_VERSION, QPY_VERSION + 1))
def test_reads_what_qiskit_writes(version: int) -> None:
    header = read_header(dumped(version))
    assert (header.version, header.programs) == (version, 1)


@pytest.mark.parametrize("version", range(OLDEST_VERSION))
def test_refuses_versions_that_could_execute_code(version: int) -> None:
    content = bytearray(dumped(QPY_VERSION))
    content[6] = version
    with pytest.raises(InvalidInput, match=f"QPY version {version} is not read; 13 or later is"):
        read_header(bytes(content))


@pytest.mark.parametrize("circuits", [0, 2])
def test_refuses_other_than_one_circuit(circuits: int) -> None:
    with pytest.raises(InvalidInput, match=f"expected QPY of one circuit, was of {circuits}"):
        read_header(dumped(QPY_VERSION, circuits))


@given(st.binary(max_size=40))
def test_other_bytes_are_refused_by_name(content: bytes) -> None:
    for given_bytes in (content, b"QISKIT" + content[:11]):
        with pytest.raises(InvalidInput) as caught:
            read_header(given_bytes)
        assert caught.value.context["field"] == "program"
