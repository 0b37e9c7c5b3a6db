"""Own the order of the sweeps, on one thread in one call or shared among several.

What is shared is cut into parts that do not depend on the number of threads, and sums are added
in the order of the parts, so that the answer does not depend on it either.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from quant.quantum.ring import adjoint, kernels
from quant.quantum.ring.layout import Integers, Numbers, Reals, Tables

_PARTS = 16
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Sweeps:
    """Sweep over states laid out by `tables` on the calling thread.

    Angles are one or more gammas (p,) and the cosines and sines (p,) of betas in the state's
    numbers. States begin uniform unless `tables.height` is zero; then they begin as they are.
    """

    tables: Tables
    costs: Reals

    def evolve(self, x: Numbers, gammas: Reals, cosines: Numbers, sines: Numbers) -> None:
        """Apply all layers."""
        kernels.evolve(x, self.costs, gammas, cosines, sines, self.tables)

    def expectation(self, x: Numbers, gammas: Reals, cosines: Numbers, sines: Numbers) -> float:
        """Apply all layers, and return Σ c|x|²."""
        return kernels.expectation(x, self.costs, gammas, cosines, sines, self.tables)

    def expectations(
        self, x: Numbers, gammas: Reals, cosines: Numbers, sines: Numbers, values: Reals
    ) -> None:
        """Write Σ c|x|² (b,) of each row of angles (b, p); the state must begin uniform."""
        kernels.expectations(x, self.costs, gammas, cosines, sines, self.tables, values)

    def walk_back(
        self, ket: Numbers, bra: Numbers, gammas: Reals, cosines: Numbers, sines: Numbers
    ) -> Reals:
        """Undo all layers on both states; return derivatives by gammas and betas (2, p)."""
        slopes = np.empty((2, len(gammas)))
        adjoint.walk_back(ket, bra, self.costs, gammas, cosines, sines, self.tables, slopes)
        return slopes


@dataclass(frozen=True, slots=True)
class SharedSweeps:
    """Do the same part by part, on the threads of a pool if there is one."""

    tables: Tables
    costs: Reals
    pool: ThreadPoolExecutor | None

    def evolve(self, x: Numbers, gammas: Reals, cosines: Numbers, sines: Numbers) -> None:
        """Apply all layers."""
        for layer in range(len(gammas)):
            self._layer(x, gammas[layer], cosines[layer], sines[layer], is_first=layer == 0)

    def _layer(
        self, x: Numbers, gamma: float, cosine: float, sine: float, *, is_first: bool
    ) -> None:
        tables, costs = self.tables, self.costs
        is_begun = not is_first or tables.height == 0.0
        low = kernels.low if is_begun else kernels.begin_low
        self._each(
            len(tables.low_tasks),
            lambda begin, end: low(x, costs, gamma, cosine, sine, tables, begin, end),
        )
        self._each(
            len(tables.high_tasks),
            lambda begin, end: kernels.high(x, cosine, sine, tables, begin, end),
        )
        self._join(x, tables.seam, 1, cosine, sine)
        self._join(x, tables.wrap, tables.apart, cosine, sine)

    def _join(self, x: Numbers, runs: Integers, apart: int, cosine: float, sine: float) -> None:
        self._each(
            len(runs),
            lambda begin, end: kernels.join(x, runs, apart, cosine, sine, begin, end),
        )

    def expectation(self, x: Numbers, gammas: Reals, cosines: Numbers, sines: Numbers) -> float:
        """Apply all layers, and return Σ c|x|²."""
        self.evolve(x, gammas, cosines, sines)
        return sum(
            self._each(
                len(self.costs), lambda begin, end: kernels.expect(x, self.costs, begin, end)
            )
        )

    def walk_back(
        self, ket: Numbers, bra: Numbers, gammas: Reals, cosines: Numbers, sines: Numbers
    ) -> Reals:
        """Undo all layers on both states; return derivatives by gammas and betas (2, p)."""
        slopes = np.empty((2, len(gammas)))
        for layer in range(len(gammas) - 1, -1, -1):
            angles = (gammas[layer], cosines[layer], sines[layer])
            slopes[:, layer] = self._layer_back(ket, bra, *angles)
        return slopes

    def _layer_back(
        self, ket: Numbers, bra: Numbers, gamma: float, cosine: float, sine: float
    ) -> tuple[float, float]:
        tables, costs = self.tables, self.costs
        wrapped = self._join_back(ket, bra, tables.wrap, tables.apart, cosine, sine)
        joined = self._join_back(ket, bra, tables.seam, 1, cosine, sine)
        high = self._each(
            len(tables.high_tasks),
            lambda begin, end: adjoint.high_back(ket, bra, cosine, sine, tables, begin, end),
        )
        low = self._each(
            len(tables.low_tasks),
            lambda begin, end: adjoint.low_back(
                ket, bra, costs, gamma, cosine, sine, tables, begin, end
            ),
        )
        by_gamma = sum(part[0] for part in low)
        by_beta = sum(wrapped) + sum(joined) + sum(high) + sum(part[1] for part in low)
        return 2.0 * by_gamma, 2.0 * by_beta

    def _join_back(
        self, ket: Numbers, bra: Numbers, runs: Integers, apart: int, cosine: float, sine: float
    ) -> list[float]:
        return self._each(
            len(runs),
            lambda begin, end: adjoint.join_back(ket, bra, runs, apart, cosine, sine, begin, end),
        )

    def _each(self, count: int, sweep: Callable[[int, int], _Result]) -> list[_Result]:
        """Sweep over all parts of so many tasks; return what they give, in their order."""
        edges = [count * part // _PARTS for part in range(_PARTS + 1)]
        spread = map if self.pool is None else self.pool.map
        return list(spread(sweep, edges[:-1], edges[1:]))
