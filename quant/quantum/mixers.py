"""Own which mixers there are, and how the exact ones are spoken to."""

from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

State = NDArray[np.complexfloating[Any, Any]]


class Mixer(StrEnum):
    """Name the mixers: `ring` is one Trotter step of the XY ring, the others are exact."""

    RING = "ring"
    RING_EXACT = "ring-exact"
    COMPLETE = "complete"
    GROVER = "grover"


class ExactMixer(Protocol):
    """Evolve states of one basis under a mixer's generator H, whatever the angle."""

    def apply(self, psi: State, beta: float) -> None:
        """Apply exp(−iβH) to the amplitudes (size,), in place."""
        ...

    def overlap(self, bra: State, ket: State) -> float:
        """Return Im⟨bra|H|ket⟩, half the derivative of an expectation by β."""
        ...
