"""Own the coordinates that an estimation moves in: unbounded, with some parameters held fixed."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import atanh, exp, log, tanh

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.schwartz_smith.parameters import (
    PARAMETER_NAMES,
    SchwartzSmithModel,
    SchwartzSmithParameters,
)

Reals = NDArray[np.float64]

LEAST_NOISE = 1e-6
"""Name the standard deviation below which a measurement error is tried as exactly 0."""

_POSITIVE = ("kappa", "sigma_chi", "sigma_xi")
_LIMITS = {
    "kappa": (1e-2, 50.0),
    "sigma_chi": (1e-3, 10.0),
    "lambda_chi": (-10.0, 10.0),
    "mu_xi": (-5.0, 5.0),
    "mu_xi_star": (-5.0, 5.0),
    "sigma_xi": (1e-3, 10.0),
    "rho": (-0.999, 0.999),
}
_NOISE_LIMITS = (LEAST_NOISE, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinates:
    """Map the free parameters of a model to a vector and back.

    κ, the volatilities and noises by their logarithm, ρ by its inverse hyperbolic tangent, the
    others as they are. Noises are called noise_0, noise_1, …, one a group; `fixed` holds what
    does not move, by name.

    Raises:
        InvalidInput: a fixed name is unknown.
    """

    groups: int
    fixed: Mapping[str, float]

    def __post_init__(self) -> None:
        unknown = set(self.fixed) - set(self.names)
        if unknown:
            raise InvalidInput(field="fixed", reason=f"unknown: {', '.join(sorted(unknown))}")

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all parameters, those of the diffusion first."""
        return (*PARAMETER_NAMES, *(f"noise_{group}" for group in range(self.groups)))

    @property
    def free(self) -> tuple[str, ...]:
        """Return the names of those that move, in the order of the vector."""
        return tuple(name for name in self.names if name not in self.fixed)

    def bounds(self) -> list[tuple[float, float]]:
        """Return the limits of each coordinate."""
        limits = ((name, _LIMITS.get(name, _NOISE_LIMITS)) for name in self.free)
        return [(_forward(name, low), _forward(name, high)) for name, (low, high) in limits]

    def vector(self, model: SchwartzSmithModel) -> Reals:
        """Return the coordinates of a model, moved inside the limits."""
        values = dict(zip(self.names, _values(model), strict=True))
        inside = [
            min(max(values[name], low), high)
            for name, (low, high) in (
                (name, _LIMITS.get(name, _NOISE_LIMITS)) for name in self.free
            )
        ]
        return np.array(
            [_forward(name, value) for name, value in zip(self.free, inside, strict=True)]
        )

    def natural(self, vector: Reals) -> Reals:
        """Return all parameters in the order of `names`, shape (7 + groups,)."""
        moved = dict(zip(self.free, vector.tolist(), strict=True))
        return np.array(
            [
                self.fixed[name] if name in self.fixed else _backward(name, moved[name])
                for name in self.names
            ]
        )

    def model(self, vector: Reals) -> SchwartzSmithModel:
        """Return the model at a vector."""
        values = self.natural(vector).tolist()
        count = len(PARAMETER_NAMES)
        return SchwartzSmithModel(
            parameters=SchwartzSmithParameters(
                **dict(zip(PARAMETER_NAMES, values[:count], strict=True))
            ),
            noises=tuple(values[count:]),
        )

    def slopes(self, vector: Reals) -> Reals:
        """Return the derivative of each free parameter by its coordinate."""
        return np.array(
            [_slope(name, value) for name, value in zip(self.free, vector.tolist(), strict=True)]
        )


def _values(model: SchwartzSmithModel) -> tuple[float, ...]:
    return (*model.parameters.to_tuple(), *model.noises)


def _is_positive(name: str) -> bool:
    return name in _POSITIVE or name.startswith("noise_")


def _forward(name: str, value: float) -> float:
    if _is_positive(name):
        return log(value)
    return atanh(value) if name == "rho" else value


def _backward(name: str, coordinate: float) -> float:
    if _is_positive(name):
        return exp(coordinate)
    return tanh(coordinate) if name == "rho" else coordinate


def _slope(name: str, coordinate: float) -> float:
    if _is_positive(name):
        return exp(coordinate)
    return 1.0 - tanh(coordinate) ** 2 if name == "rho" else 1.0
