"""Own how the exact mixers are made and spoken to."""

from typing import Protocol

from numpy.typing import DTypeLike

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum.amplitudes import State
from quant.quantum.basis import Basis
from quant.quantum.exact_mixers.free_fermions import RingMixer
from quant.quantum.exact_mixers.grover import GroverMixer
from quant.quantum.exact_mixers.johnson import CompleteMixer


class ExactMixer(Protocol):
    """Evolve states of one basis under a mixer's generator H, whatever the angle."""

    def apply(self, psi: State, beta: float) -> None:
        """Apply exp(−iβH) to the amplitudes (size,), in place."""
        ...

    def overlap(self, bra: State, ket: State) -> float:
        """Return Im⟨bra|H|ket⟩, half the derivative of an expectation by β."""
        ...


def exact_mixer(mixer: Mixer, basis: Basis, dtype: DTypeLike) -> ExactMixer:
    """Return an exact mixer for states of complex128 or complex64, to be shared by threads.

    Raises:
        InvalidInput: the mixer is the Trotter ring.
    """
    match mixer:
        case Mixer.RING:
            raise InvalidInput(field="mixer", reason=f"expected an exact one, was {mixer}")
        case Mixer.RING_EXACT:
            return RingMixer(basis, dtype)
        case Mixer.COMPLETE:
            return CompleteMixer(basis, dtype)
        case Mixer.GROVER:
            return GroverMixer(basis, dtype)
