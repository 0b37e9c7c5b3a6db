"""Own how large the circuit of an ansatz is, told without building it and without Qiskit."""

from dataclasses import dataclass

from core.mixers import Mixer
from quant.quantum.edges import ring_edges


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Count a circuit's qubits, ancillas included, and its gates as they are written down."""

    qubits: int
    gates: int
    two_qubit: int

    @property
    def depth(self) -> int:
        """Estimate the layers: all qubits busy with gates on two half of the time."""
        return max(1, 4 * self.gates // self.qubits)

    @property
    def cut_bits(self) -> int:
        """Bound the gates over any cut of the line: every pair interacts in every layer."""
        return self.two_qubit


def ancillas(n: int, k: int, mixer: Mixer) -> int:
    """Return the qubits beyond the first n: 2⌊log₂ min(k, n−k)⌋ for the complete mixer."""
    return 2 * (min(k, n - k).bit_length() - 1) if mixer is Mixer.COMPLETE else 0


def ansatz_size(n: int, k: int, depth: int, mixer: Mixer) -> Size:
    """Return the size of the ansatz: Dicke state, then phase and mixer `depth` times each."""
    fewer = min(k, n - k)
    spread, spread_pairs = _spread(n, fewer)
    flips = n if fewer < k else 0
    mixer_gates, mixer_pairs = _mixer(n, fewer, flips, mixer)
    pairs = n * (n - 1) // 2
    return Size(
        qubits=n + ancillas(n, k, mixer),
        gates=fewer + flips + spread + depth * (n + pairs + mixer_gates),
        two_qubit=spread_pairs + depth * (pairs + mixer_pairs),
    )


def _spread(n: int, k: int) -> tuple[int, int]:
    """Count the gates that spread k ones, and those on two qubits: see `quant.quantum.dicke`."""
    rotations = sum(min(k, length - 1) for length in range(2, n + 1))
    simple = n - 1
    return 10 * rotations - 4 * simple, 6 * rotations - 2 * simple


def _mixer(n: int, k: int, flips: int, mixer: Mixer) -> tuple[int, int]:
    match mixer:
        case Mixer.RING:
            edges = 2 * len(ring_edges(n))
            return edges, edges
        case Mixer.RING_EXACT:
            turns = n * (n - 1) // 2
            return 4 * turns + n, 2 * turns
        case Mixer.GROVER:
            gates, pairs = _spread(n, k)
            return 2 * (gates + flips) + 1, 2 * pairs + (k > 1)
        case Mixer.COMPLETE:
            gates, pairs = _coupling(n, k)
            spin = k.bit_length()
            crossings = spin * (spin - 1) // 2
            return 2 * (gates + flips) + spin + crossings, 2 * pairs + crossings


def _coupling(n: int, k: int) -> tuple[int, int]:
    """Count the gates that add up spins: multiplexed rotations, and increments of two counters."""
    gates = pairs = 0
    for i in range(2, n + 1):
        least, most = max(0, k - (n - i)), min(i, k)
        angles = 1 << (min((i - 1) // 2, k).bit_length() + (most - least).bit_length())
        increments = min(i, k).bit_length() + (min(i // 2, k).bit_length() if i > 2 else 0)
        gates += 2 * angles + increments
        pairs += angles + increments
    return gates, pairs
