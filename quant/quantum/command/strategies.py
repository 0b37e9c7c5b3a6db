"""Own the named ways of training that the command line offers."""

from enum import StrEnum

from quant.quantum.progress import Listener
from quant.quantum.qaoa import Trained, grow, multistart, train_ramp
from quant.quantum.schedules import add_mode, interpolate
from quant.quantum.subspace import Ansatz


class Strategy(StrEnum):
    """Name the ways: all angles from many starts, two heights of a ramp, or layer by layer."""

    MULTISTART = "multistart"
    RAMP = "ramp"
    INTERPOLATE = "interpolate"
    FOURIER = "fourier"


def train_by(
    strategy: Strategy,
    ansatz: Ansatz,
    depth: int,
    *,
    seed: int,
    starts: int,
    alpha: float | None = None,
    listener: Listener | None = None,
) -> Trained:
    """Train `depth` gammas and betas; a ramp takes neither seed nor starts.

    Raises:
        InvalidInput: fewer than one start or layer, or alpha outside (0, 1].
    """
    match strategy:
        case Strategy.MULTISTART:
            return multistart(
                ansatz, depth, seed=seed, starts=starts, alpha=alpha, listener=listener
            )
        case Strategy.RAMP:
            return train_ramp(ansatz, depth, alpha)
        case Strategy.INTERPOLATE | Strategy.FOURIER:
            growth = interpolate if strategy is Strategy.INTERPOLATE else add_mode
            grown = grow(
                ansatz,
                depth,
                seed=seed,
                starts=starts,
                alpha=alpha,
                growth=growth,
                listener=listener,
            )
            return grown[-1]
