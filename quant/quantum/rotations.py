"""Own the network of neighbour rotations that carries out a unitary of n fermionic modes.

Must not import Qiskit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Complexes = NDArray[np.complex128]

_SMALLEST_TURN = 1e-15  # below rounding of the matrix itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Turn modes i and i+1 by [[cos θ, −i·sin θ·e^(−iφ)], [−i·sin θ·e^(iφ), cos θ]].

    Between neighbouring qubits that is the XX+YY gate of angle 2θ and phase φ.
    """

    mode: int
    theta: float
    phi: float


def rotation_network(unitary: Complexes) -> tuple[tuple[Rotation, ...], Reals]:
    """Return the rotations in order of application, and the phases (n,) of the modes after them.

    At most n(n−1)/2 rotations in n layers of disjoint neighbours, for a unitary (n, n).
    Clements et al., "An Optimal Design for Universal Multiport Interferometers"
    (arXiv 1603.08788): zeros are made from both sides along the antidiagonals.
    """
    rest = np.array(unitary, dtype=np.complex128)
    n = len(rest)
    from_right: list[Rotation] = []
    from_left: list[Rotation] = []
    for diagonal in range(1, n):
        for step in range(diagonal):
            if diagonal % 2:
                row, mode = n - 1 - step, diagonal - 1 - step
                from_right.append(_clear_by_columns(rest, row, mode))
            else:
                mode = n - 1 - diagonal + step
                from_left.append(_clear_by_rows(rest, mode, step))
    phases = np.angle(np.diagonal(rest))
    applied = [_undo(turn) for turn in from_right]
    # a diagonal passes from the right of a rotation to its left by changing φ only
    applied += [
        _undo(turn, float(phases[turn.mode] - phases[turn.mode + 1]))
        for turn in reversed(from_left)
    ]
    return tuple(turn for turn in applied if abs(turn.theta) > _SMALLEST_TURN), phases


def _undo(turn: Rotation, shift: float = 0.0) -> Rotation:
    return Rotation(mode=turn.mode, theta=-turn.theta, phi=turn.phi + shift)


def _clear_by_columns(matrix: Complexes, row: int, mode: int) -> Rotation:
    turn = _turn_between(mode, matrix[row, mode], matrix[row, mode + 1])
    matrix[:, mode : mode + 2] = matrix[:, mode : mode + 2] @ _block(turn)
    return turn


def _clear_by_rows(matrix: Complexes, mode: int, column: int) -> Rotation:
    turn = _turn_between(mode, matrix[mode + 1, column], matrix[mode, column])
    matrix[mode : mode + 2] = _block(turn) @ matrix[mode : mode + 2]
    return turn


def _turn_between(mode: int, cleared: complex, kept: complex) -> Rotation:
    return Rotation(
        mode=mode,
        theta=float(np.arctan2(abs(cleared), abs(kept))),
        phi=float(np.angle(cleared) - np.angle(kept) - np.pi / 2),
    )


def _block(turn: Rotation) -> Complexes:
    cosine, sine = np.cos(turn.theta), -1j * np.sin(turn.theta)
    there, back = np.exp(1j * turn.phi), np.exp(-1j * turn.phi)
    return np.array([[cosine, sine * back], [sine * there, cosine]])
