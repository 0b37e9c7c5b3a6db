"""Own the phase in plain numpy."""

import numpy as np
from numpy.typing import NDArray

from quant.quantum.mixers import State


def apply_phase(psi: State, costs: NDArray[np.float64], gamma: float) -> None:
    """Apply exp(−iγc), in place."""
    psi *= np.exp(-1j * gamma * costs)
