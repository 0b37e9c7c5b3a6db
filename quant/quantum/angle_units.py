"""Own the natural units of angles, in which instances of one kind share their best angles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.mixers import Mixer

Reals = NDArray[np.float64]

_ROUNDING = 1e-12  # of the greatest cost: a spread below is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Hold one natural unit of gamma and of beta in radians.

    Raises:
        InvalidInput: a unit is not positive and finite.
    """

    gamma: float
    beta: float

    def __post_init__(self) -> None:
        for field in ("gamma", "beta"):
            value = getattr(self, field)
            if not (np.isfinite(value) and value > 0.0):
                raise InvalidInput(field=field, reason=f"expected a positive unit, was {value}")


def natural_units(costs: Reals, mixer: Mixer, n: int) -> Units:
    """Return 1/std(c) for gamma, and for beta 1/n with the complete mixer, else 1.

    The first gap of the complete mixer's spectrum is n (Johnson scheme), those of the ring and of
    Grover's mixer do not grow. Gammas so scaled are those of Sureshbabu et al., arXiv 2305.15201.
    Costs that are equal but for rounding have the unit 1/max|c|, which turns no phase far.
    """
    spread, greatest = float(costs.std()), float(np.abs(costs).max())
    gamma = 1.0 / ((spread if spread > _ROUNDING * greatest else greatest) or 1.0)
    return Units(gamma=gamma, beta=1.0 / n if mixer is Mixer.COMPLETE else 1.0)


def transferred(
    gammas: Reals, betas: Reals, *, source: Units, target: Units
) -> tuple[Reals, Reals]:
    """Return the angles of one instance scaled to the units of another."""
    return gammas * (target.gamma / source.gamma), betas * (target.beta / source.beta)
