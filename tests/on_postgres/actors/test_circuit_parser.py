"""Check the pool of parsing processes with real ones: bounds, crashes, and its own death."""

import asyncio
import base64
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import library
from qiskit.circuit.library import get_standard_gate_name_mapping

from actors.circuit_parser import CircuitParser
from core.errors import InvalidInput, SourceUnavailable
from jobs.parsing.process import ParserConfig, ParserProcess

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[3]
BELL = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'
SLOW = "qubit q;" + "U(0, 0, 0) q;" * 200_000
LARGE = "qubit q; //" + "x" * 3_000_000


@asynccontextmanager
async def parsing(**config: float) -> AsyncIterator[CircuitParser]:
    parser = CircuitParser(ParserConfig(**{"processes": 1, **config}))  # type: ignore[arg-type]
    try:
        yield parser
    finally:
        parser.close()


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if parses(child)}


def parses(process: psutil.Process) -> bool:
    try:
        return "jobs.parsing.child" in process.cmdline()
    except psutil.NoSuchProcess:  # or a zombie
        return False


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - other processes set no event
        await asyncio.sleep(0.01)


async def test_processes_start_late_and_stay_warm() -> None:
    async with parsing() as parser:
        assert children() == set()
        first = await parser.parse("qasm3", BELL)
        started = children()
        second = await parser.parse("qpy", first.qpy)
        assert children() == started
        assert len(started) == 1
        assert first == second
        assert (first.qubits, first.gates, first.is_clifford) == (2, 2, True)
    await until(lambda: not children())


async def test_a_process_that_was_started_ahead_reads_the_first_program() -> None:
    async with parsing() as parser:
        await parser.warm()
        started = children()
        await parser.warm()
        await parser.parse("qasm3", BELL)
        assert children() == started
        assert len(started) == 1


async def test_a_refusal_costs_no_process() -> None:
    async with parsing() as parser:
        with pytest.raises(InvalidInput, match="program: line 1, column 1: "):
            await parser.parse("qasm3", "nonsense q;")
        started = children()
        with pytest.raises(InvalidInput, match="line 1, column 9: only 'stdgates"):
            await parser.parse("qasm3", 'include "/etc/passwd";')
        assert children() == started
    with pytest.raises(InvalidInput, match="language: expected qasm3 or qpy, was 'qasm2'"):
        await parser.parse("qasm2", BELL)
    with pytest.raises(InvalidInput, match="program: it holds half a character"):
        await parser.parse("qasm3", "qubit q; // \ud800")
    with pytest.raises(InvalidInput, match="program: it holds a null character"):
        await parser.parse("qasm3", "qubit q; // \0")
    with pytest.raises(InvalidInput, match="program: expected at most 4,000,000 characters"):
        await parser.parse("qasm3", " " * 4_000_001)


async def test_the_longest_program_arrives_whatever_it_holds() -> None:
    async with parsing(read_s=60.0) as parser:
        with pytest.raises(InvalidInput, match="program: line 1, column 1: "):
            await parser.parse("qasm3", "\x01" * 4_000_000)


async def test_a_slow_program_is_refused_and_the_next_one_read() -> None:
    async with parsing(read_s=3.0) as parser:
        await parser.parse("qasm3", BELL)
        started = children()
        with pytest.raises(InvalidInput, match="program: reading it took longer than 3 s"):
            await parser.parse("qasm3", SLOW)
        assert started.isdisjoint(children())
        assert (await parser.parse("qasm3", BELL)).qubits == 2


async def test_a_program_waits_so_long_for_its_turn() -> None:
    async with parsing(read_s=10.0, wait_s=0.1) as parser:
        await parser.parse("qasm3", BELL)
        slow = asyncio.create_task(parser.parse("qasm3", SLOW))
        await asyncio.sleep(0)
        with pytest.raises(SourceUnavailable, match="the reader of programs"):
            await parser.parse("qasm3", BELL)
        with pytest.raises(InvalidInput, match="reading it took longer than 10 s"):
            await slow
        assert (await parser.parse("qasm3", BELL)).qubits == 2


async def test_a_large_program_is_refused_and_the_next_one_read() -> None:
    async with parsing(memory_bytes=2**24) as parser:
        with pytest.raises(InvalidInput, match="program: reading it takes more than 16 MB"):
            await parser.parse("qasm3", LARGE)
        assert (await parser.parse("qasm3", BELL)).qubits == 2


async def test_a_killed_process_hurts_nobody() -> None:
    async with parsing(processes=2, read_s=10.0) as parser:
        both = await asyncio.gather(*(parser.parse("qasm3", BELL) for _ in range(2)))
        assert both[0] == both[1]
        processes = [psutil.Process(pid) for pid in children()]
        at_rest = {process: process.cpu_times().user for process in processes}
        slow = asyncio.create_task(parser.parse("qasm3", SLOW))
        await until(lambda: any(each.cpu_times().user > at_rest[each] + 0.1 for each in processes))
        reading = max(processes, key=lambda each: each.cpu_times().user - at_rest[each])
        os.kill(reading.pid, signal.SIGKILL)
        assert await parser.parse("qasm3", BELL) == both[0]
        # it was not its fault, so it is read once more, and takes too long
        with pytest.raises(InvalidInput, match="reading it took longer than 10 s"):
            await slow
        assert await parser.parse("qasm3", BELL) == both[0]


async def test_a_program_that_crashes_its_process_is_refused() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    content = bytearray(base64.b64decode(packed(circuit)))
    count = content.index(b"{}") + 18  # a count after the registers, which the reader believes
    content[count : count + 8] = b"\xff" * 8
    async with parsing() as parser:
        with pytest.raises(InvalidInput, match="the process that read it ended with SIGSEGV"):
            await parser.parse("qpy", base64.b64encode(bytes(content)).decode())
        assert (await parser.parse("qasm3", BELL)).qubits == 2


async def test_an_idle_process_that_was_killed_is_replaced() -> None:
    async with parsing() as parser:
        await parser.parse("qasm3", BELL)
        (pid,) = children()
        os.kill(pid, signal.SIGKILL)
        assert (await parser.parse("qasm3", BELL)).qubits == 2


async def test_processes_retire() -> None:
    async with parsing(retire_programs=1) as parser:
        await parser.parse("qasm3", BELL)
        await until(lambda: not children())
        assert (await parser.parse("qasm3", BELL)).qubits == 2


ORPHAN = """
import asyncio, os, signal
from actors.circuit_parser import CircuitParser
from jobs.parsing.process import ParserConfig
async def main():
    parser = CircuitParser(ParserConfig(processes=1))
    await parser.parse("qasm3", "qubit q;")
    slow = asyncio.create_task(parser.parse("qasm3", "qubit q;" + "U(0,0,0) q;" * 200_000))
    print(next(iter(parser._all)).pid, flush=True)
    await slow
asyncio.run(main())
"""


async def test_processes_die_with_their_owner() -> None:
    owner = subprocess.Popen(  # noqa: ASYNC220 - it takes no time, and ends below
        [sys.executable, "-c", ORPHAN], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        child = psutil.Process(int(await asyncio.to_thread(owner.stdout.readline)))
        busy = child.cpu_times().user
        await until(lambda: child.cpu_times().user > busy + 0.1)
        owner.send_signal(signal.SIGKILL)
        owner.wait(timeout=30)
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def packed(circuit: QuantumCircuit) -> str:
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    return base64.b64encode(buffer.getvalue()).decode()


def holding(gate: object, qubits: int, clbits: int = 0) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, clbits)
    circuit.append(gate, range(qubits), range(clbits))
    return circuit


def test_a_closed_process_misses_no_module() -> None:
    """What the library imports late must have been imported before the process closed."""
    gates = [
        holding(gate, gate.num_qubits, gate.num_clbits)
        for name, gate in get_standard_gate_name_mapping().items()
        if name not in {"global_phase", "delay"}
    ]
    dense = [
        library.QFTGate(4),
        library.UnitaryGate([[0, 1], [1, 0]]),
        library.Initialize([0.6, 0, 0, 0.8]),
        library.StatePreparation([0.6, 0, 0, 0.8]),
        library.DiagonalGate([1, -1, 1, 1]),
        library.UCRYGate([0.1, 0.2]),
        library.MCXGate(5),
        library.MCPhaseGate(0.3, 4),
        library.PauliGate("XYZ"),
        library.HamiltonianGate([[1, 0], [0, -1]], 0.3),
        library.RXGate(0.1).control(3, ctrl_state=2, annotated=False),
    ]
    circuits = [*gates, *(holding(gate, gate.num_qubits) for gate in dense)]
    process = ParserProcess(ParserConfig())
    refusals = []
    try:
        for circuit in circuits:
            try:
                process.read("qpy", packed(circuit))
            except InvalidInput as error:
                refusals.append(f"{circuit.data[0].name}: {error.context['reason']}")
    finally:
        process.end()
    late = ("ModuleNotFoundError", "ImportError", "PermissionError", "No such file")
    assert [reason for reason in refusals if any(word in reason for word in late)] == []
