"""Own the Grover mixer: a phase on the uniform superposition and nothing else."""

from cmath import exp

import numpy as np
from numpy.typing import DTypeLike

from quant.quantum.amplitudes import State, checked
from quant.quantum.basis import Basis


class GroverMixer:
    """Evolve under H = |D⟩⟨D|, the projector on the Dicke state (Bärtschi and Eidenbenz, 2020).

    "Grover Mixers for QAOA", arXiv 2006.00354.
    """

    def __init__(self, basis: Basis, dtype: DTypeLike) -> None:
        self._basis = basis
        self._dtype = np.dtype(dtype)

    def apply(self, psi: State, beta: float) -> None:
        """Apply exp(−iβH) to the amplitudes (size,), in place."""
        checked(psi, self._basis, self._dtype)
        psi += (exp(-1j * beta) - 1.0) * _sum(psi) / len(psi)

    def overlap(self, bra: State, ket: State) -> float:
        """Return Im⟨bra|H|ket⟩, half the derivative of an expectation by β."""
        checked(bra, self._basis, self._dtype)
        checked(ket, self._basis, self._dtype)
        return (_sum(bra).conjugate() * _sum(ket)).imag / len(ket)


def _sum(psi: State) -> complex:
    return complex(psi.sum(dtype=np.complex128))
