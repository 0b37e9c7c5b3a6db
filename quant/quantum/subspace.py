"""Own the QAOA ansatz on the states of one Hamming weight, and what is measured of them.

Amplitudes, probabilities and costs are in colexicographic order. Must not import Qiskit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from core.mixers import Mixer
from quant.quantum import passes
from quant.quantum.amplitudes import State
from quant.quantum.basis import Basis
from quant.quantum.engine import Engine, ExactEngine, Precision
from quant.quantum.mixers import exact_mixer
from quant.quantum.ring.engine import RingEngine
from quant.quantum.sweep import block_sizes, point_generator
from quant.quantum.tail import Tail, rising_order

Reals = NDArray[np.float64]

_NORM_TOLERANCE = 1e-6  # what complex64 may lose
_MAX_PHASE = 2.0**50  # the last digit of a double above is a quarter of a radian


@dataclass(frozen=True, eq=False)
class Ansatz:
    """Alternate the phase exp(−iγc) and the mixer exp(−iβH), p times each.

    `costs` is c (size,). `start` (size,) is normalised; None is the uniform superposition.
    `threads` are at most so many, None lets the size of the state decide; only `ring` uses more
    than one. Angles come as p gammas and p betas. Sums are float64 in either precision. A copy,
    also one in another process, holds these and nothing that was computed from them.

    Raises:
        InvalidInput: costs or start do not fit the basis, are not finite or not normalised, or
            fewer than one thread is allowed. From every method: angles are not finite, not as many
            of both, or turn phases so far that no digit of them is left.
    """

    basis: Basis
    costs: Reals
    mixer: Mixer = Mixer.RING
    precision: Precision = Precision.DOUBLE
    start: State | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        _check_vector("costs", self.costs, self.basis.size)
        if self.start is not None:
            _check_vector("start", self.start, self.basis.size)
            norm = float(np.linalg.norm(self.start))
            if abs(norm - 1.0) > _NORM_TOLERANCE:
                raise InvalidInput(field="start", reason=f"expected norm 1, was {norm}")
        if self.threads is not None and self.threads < 1:
            raise InvalidInput(field="threads", reason=f"expected at least 1, was {self.threads}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, each.name) for each in fields(self))

    def evolve(self, gammas: Reals, betas: Reals) -> State:
        """Return the final amplitudes (size,)."""
        self._check_angles(gammas, betas, dimensions=1)
        return self._engine.evolve(gammas, betas)

    def probabilities(self, gammas: Reals, betas: Reals) -> Reals:
        """Return |ψ|² (size,)."""
        return probabilities(self.evolve(gammas, betas))

    def expectation(self, gammas: Reals, betas: Reals) -> float:
        """Return ⟨c⟩."""
        self._check_angles(gammas, betas, dimensions=1)
        return self._engine.expectation(gammas, betas)

    def expectations(self, gammas: Reals, betas: Reals) -> Reals:
        """Return ⟨c⟩ (b,) of each row of gammas (b, p) and betas (b, p)."""
        self._check_angles(gammas, betas, dimensions=2)
        return self._engine.expectations(gammas, betas)

    def cvar(self, gammas: Reals, betas: Reals, alpha: float) -> float:
        """Return the mean cost of the cheapest outcomes of probability α.

        Raises:
            InvalidInput: α is not in (0, 1].
        """
        return self._tail(alpha).value(self.probabilities(gammas, betas))

    def value_and_gradient(
        self, gammas: Reals, betas: Reals, alpha: float | None = None
    ) -> tuple[float, Reals, Reals]:
        """Return ⟨c⟩, or CVaR_α, and its exact derivatives by gammas (p,) and betas (p,).

        Adjoint method (Jones and Gacon, arXiv 2009.02823): one sweep forward, one back with two
        states side by side, whatever the depth.

        Raises:
            InvalidInput: α is not in (0, 1].
        """
        self._check_angles(gammas, betas, dimensions=1)
        observable = None if alpha is None else self._tail(alpha).value_and_weights
        return self._engine.value_and_gradient(gammas, betas, observable)

    def _check_angles(self, gammas: Reals, betas: Reals, *, dimensions: int) -> None:
        _check_angles(gammas, betas, dimensions=dimensions)
        phase = float(np.abs(gammas).max(initial=0.0)) * self._greatest
        if not phase <= _MAX_PHASE:
            reason = f"expected phases of at most {_MAX_PHASE:.0e}, was one of {phase:.0e}"
            raise InvalidInput(field="gammas", reason=reason)

    @cached_property
    def _greatest(self) -> float:
        return max(float(self._numbers.max()), -float(self._numbers.min()))

    @cached_property
    def _numbers(self) -> Reals:
        """Return the costs as kernels take them."""
        return np.ascontiguousarray(self.costs, dtype=np.float64)

    @cached_property
    def _engine(self) -> Engine:
        if self.mixer == Mixer.RING:
            return RingEngine(
                basis=self.basis,
                costs=self._numbers,
                precision=self.precision,
                start=self.start,
                threads=self.threads,
            )
        return ExactEngine(
            mixer=exact_mixer(self.mixer, self.basis, self.precision),
            costs=self._numbers,
            precision=self.precision,
            start=self.start,
        )

    @cached_property
    def _order(self) -> NDArray[np.int32]:
        return rising_order(self._numbers)

    def _tail(self, alpha: float) -> Tail:
        return Tail(self._numbers, self._order, alpha)


def _check_vector(field: str, values: Reals | State, size: int) -> None:
    if values.shape != (size,):
        raise InvalidInput(field=field, reason=f"expected shape ({size},), was {values.shape}")
    if not np.isfinite(values).all():
        raise InvalidInput(field=field, reason="expected finite numbers only")


def _check_angles(gammas: Reals, betas: Reals, *, dimensions: int) -> None:
    for field, angles in (("gammas", gammas), ("betas", betas)):
        if angles.ndim != dimensions or not np.isfinite(angles).all():
            shape = "(p,)" if dimensions == 1 else "(b, p)"
            reason = f"expected finite numbers of shape {shape}, was {angles.shape}"
            raise InvalidInput(field=field, reason=reason)
    if gammas.shape != betas.shape:
        reason = f"expected as many betas as gammas, were {betas.shape} and {gammas.shape}"
        raise InvalidInput(field="betas", reason=reason)


def probabilities(psi: State) -> Reals:
    """Return |ψ|² (size,)."""
    found = np.empty(len(psi))
    passes.fill_probabilities(psi, found)
    return found


def expectation(psi: State, costs: Reals) -> float:
    """Return ⟨ψ|c|ψ⟩.

    Raises:
        InvalidInput: the costs do not fit the amplitudes, or are not finite.
    """
    _check_vector("costs", costs, len(psi))
    return passes.average(psi, costs)


def cvar(probabilities: Reals, costs: Reals, alpha: float) -> float:
    """Return the mean cost of the cheapest outcomes of probability α.

    Raises:
        InvalidInput: α is not in (0, 1], or the costs do not fit the probabilities.
    """
    _check_vector("costs", costs, len(probabilities))
    return Tail(costs, rising_order(costs), alpha).value(probabilities)


def sample(psi: State, shots: int, seed: int) -> NDArray[np.intp]:
    """Draw the ranks of `shots` measured states (shots,), seeded per 1,024-shot block.

    Raises:
        InvalidInput: fewer than one shot was asked for.
    """
    sizes = dict(enumerate(block_sizes(shots)))
    return np.concatenate(list(sample_blocks(psi, sizes, seed).values()))


def sample_blocks(
    psi: State, sizes: Mapping[int, int], seed: int, point: int = 0
) -> dict[int, NDArray[np.intp]]:
    """Draw the ranks of the measured states of some blocks, by block; `sizes` are their shots.

    What a block holds depends on its number, the seed and the point of a grid, not on the others.
    """
    cumulative = np.cumsum(probabilities(psi))
    last = len(psi) - 1
    drawn = {}
    for block, size in sizes.items():
        draws = point_generator("subspace", seed, point, block).random(size) * cumulative[-1]
        # rounding may leave a draw beyond the last cumulative value
        drawn[block] = np.minimum(np.searchsorted(cumulative, draws, side="right"), last)
    return drawn
