"""Own the engine of the Trotter ring: states are laid out so that every gate turns whole runs.

A small state is evolved by one call of a compiled function, the sweeps of a large one are shared
among threads.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from quant.quantum.amplitudes import State
from quant.quantum.basis import Basis
from quant.quantum.engine import Observable, Precision
from quant.quantum.ring.kernels import weigh
from quant.quantum.ring.layout import Numbers, Reals, Tables, ring_tables
from quant.quantum.ring.orders import (
    from_ring_order,
    probabilities_of,
    to_ring_order,
    turned_state,
)
from quant.quantum.ring.sweeps import SharedSweeps, Sweeps

_MANY = 1 << 19
"""From so many amplitudes on, a sweep takes much longer than to wake a thread."""
_ROWS_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class RingEngine:
    """Alternate the phase exp(−iγc) with exp(−iβ(XX+YY)/2) on each edge of the ring.

    `costs` is c (size,); it begins with `start` (size,), with the uniform superposition if None.
    At most `threads` share a large state or many sets of angles, as many as there are processors
    if None. Threads may call it at once.
    """

    basis: Basis
    costs: Reals
    precision: Precision
    start: State | None = None
    threads: int | None = None

    def evolve(self, gammas: Reals, betas: Reals) -> State:
        """Return the final amplitudes (size,)."""
        psi = np.empty(self.basis.size, dtype=self.precision)
        with self._state() as x:
            self._sweeps.evolve(x, *self._angles(gammas, betas))
            from_ring_order(x, self._tables, psi)
        return psi

    def expectation(self, gammas: Reals, betas: Reals) -> float:
        """Return ⟨c⟩."""
        with self._state() as x:
            return self._sweeps.expectation(x, *self._angles(gammas, betas))

    def expectations(self, gammas: Reals, betas: Reals) -> Reals:
        """Return ⟨c⟩ (b,) of each row of gammas (b, p) and betas (b, p)."""
        values = np.empty(len(gammas))
        if isinstance(self._sweeps, SharedSweeps) or self.start is not None:
            for row in range(len(gammas)):
                values[row] = self.expectation(gammas[row], betas[row])
            return values
        edges = np.arange(0, len(gammas) + _ROWS_AT_ONCE, _ROWS_AT_ONCE)
        rows = [slice(int(first), int(end)) for first, end in pairwise(edges)]
        pool = self._pool
        spread = map if pool is None or len(rows) == 1 else pool.map
        list(spread(lambda part: self._fill(gammas[part], betas[part], values[part]), rows))
        return values

    def _fill(self, gammas: Reals, betas: Reals, values: Reals) -> None:
        with self._state() as x:
            Sweeps(self._tables, self._costs).expectations(x, *self._angles(gammas, betas), values)

    def value_and_gradient(
        self, gammas: Reals, betas: Reals, observable: Observable | None = None
    ) -> tuple[float, Reals, Reals]:
        """Return the value and its derivatives by gammas (p,) and betas (p,).

        Adjoint method (Jones and Gacon, arXiv 2009.02823), with each gate's derivative.
        """
        angles = self._angles(gammas, betas)
        with self._state() as ket, self._state() as bra:
            if observable is None:
                value = self._sweeps.expectation(ket, *angles)
                weigh(ket, self._costs, bra)
            else:
                self._sweeps.evolve(ket, *angles)
                found = np.empty(self.basis.size)
                probabilities_of(ket, self._tables, found)
                value, by_probability = observable(found)
                weigh(ket, to_ring_order(by_probability, self._tables), bra)
            slopes = self._sweeps.walk_back(ket, bra, *angles)
        return value, slopes[0, : len(gammas)], slopes[1, : len(betas)]

    @cached_property
    def _tables(self) -> Tables:
        tables = ring_tables(self.basis.n, self.basis.k)
        return tables if self.start is None else tables._replace(height=0.0)

    @cached_property
    def _costs(self) -> Reals:
        return to_ring_order(self.costs, self._tables)

    @cached_property
    def _begin(self) -> Numbers | None:
        if self.start is None:
            return None
        return turned_state(self.start.astype(self.precision), self._tables)

    @property
    def _pool(self) -> ThreadPoolExecutor | None:
        """Return threads of this process: a fork has the pools of its parent without threads."""
        threads = (os.cpu_count() or 1) if self.threads is None else self.threads
        process = os.getpid()
        if threads > 1 and process not in self._pools:
            self._pools.setdefault(process, ThreadPoolExecutor(threads))
        return self._pools.get(process)

    @cached_property
    def _pools(self) -> dict[int, ThreadPoolExecutor]:
        return {}

    @property
    def _sweeps(self) -> Sweeps | SharedSweeps:
        if len(self._costs) < _MANY:
            return self._own_sweeps
        return SharedSweeps(self._tables, self._costs, self._pool)

    @cached_property
    def _own_sweeps(self) -> Sweeps:
        return Sweeps(self._tables, self._costs)

    @cached_property
    def _idle(self) -> list[Numbers]:
        return []

    @contextmanager
    def _state(self) -> Iterator[Numbers]:
        """Lend room for a state that holds the start: new memory takes longer than a small one."""
        try:
            x = self._idle.pop()
        except IndexError:
            x = np.zeros(2 * len(self._costs), dtype=self._real)
        if self._begin is not None:
            x[:] = self._begin
        try:
            yield x
        finally:
            self._idle.append(x)

    @property
    def _real(self) -> type[np.floating]:
        return np.float64 if self.precision is Precision.DOUBLE else np.float32

    def _angles(self, gammas: Reals, betas: Reals) -> tuple[Reals, Numbers, Numbers]:
        """Return gammas, cosines and sines; those of a layer without effect if there is none."""
        if gammas.shape[-1] == 0:
            gammas = betas = np.zeros((*gammas.shape[:-1], 1))
        return gammas, np.cos(betas).astype(self._real), np.sin(betas).astype(self._real)
