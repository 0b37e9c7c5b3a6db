"""Own Monte Carlo simulation: many drawn scenarios befall books, all books the same ones.

Every path has random numbers of its own, by its index and the seed. Blocks of paths only say how
work is cut, so the same seed gives the same profits however blocks are shared. Paths are not
antithetic: pairs help estimates of a mean, hardly one of a far quantile, and would spoil its
standard error.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.risk.aggregation import Aggregate
from quant.risk.covariance import check_covariance, square_root
from quant.risk.kernels.simulation import draw_elliptical, simulate_elliptical
from quant.risk.parallel import share
from quant.risk.reports import RiskReport, TailMeans, report, tail_means
from quant.risk.tails import tail_of

Reals = NDArray[np.float64]
Indices = NDArray[np.int64]
Booleans = NDArray[np.bool_]

PATHS_PER_BLOCK = 1_024
_STREAM = crc32(b"risk")
_SINGULAR = 1e-10


class Scenarios(Protocol):
    """Draw paths for an aggregate: profits of a range of them, and again what some consist of."""

    @property
    def aggregate(self) -> Aggregate: ...

    def fill(self, key: np.uint64, first: int, pnl: Reals, floored: Booleans) -> None:
        """Write profits (B, n) of paths first … first + n − 1, and which met a floor (n,)."""

    def means(self, key: np.uint64, paths: Indices, weights: Reals) -> TailMeans:
        """Return what paths (K,) change on average, under weights (3, K)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Elliptical:
    """Draw price changes of a multivariate normal, or Student's t of the same covariance.

    `root` (r, r) is the square root of the covariance of the coordinates, padded with zeros to a
    multiple of 4; `loadings` (F, m) the regression of all price changes on the numbers drawn.
    Build it with `elliptical`.
    """

    aggregate: Aggregate
    root: Reals
    loadings: Reals
    degrees_of_freedom: float

    def fill(self, key: np.uint64, first: int, pnl: Reals, floored: Booleans) -> None:
        """Write profits (B, n) of paths first … first + n − 1, and which met a floor (n,)."""
        terms, freedom = self.aggregate.terms, self.degrees_of_freedom
        simulate_elliptical(terms, self.root, key, freedom, first, pnl, floored)

    def means(self, key: np.uint64, paths: Indices, weights: Reals) -> TailMeans:
        """Return what paths (K,) change on average, under weights (3, K).

        Factors without options are not drawn: their mean given the coordinates stands for them,
        which adds up to the linear profit of the path.
        """
        scenarios = np.zeros((len(paths), self.aggregate.coordinates))
        normals = np.zeros_like(scenarios)
        draw_elliptical(self.root, key, self.degrees_of_freedom, paths, scenarios, normals)
        changes = weights @ normals @ self.loadings.T
        return tail_means(self.aggregate, scenarios, weights, changes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Simulation:
    """Hold what every share of a simulation needs: how to draw, how many paths, the seed.

    Raises:
        InvalidInput: there is no path.
    """

    scenarios: Scenarios
    paths: int
    seed: int

    def __post_init__(self) -> None:
        if self.paths < 1:
            raise InvalidInput(field="paths", reason=f"expected at least 1, was {self.paths}")
        if self.seed < 0:
            raise InvalidInput(field="seed", reason=f"expected at least 0, was {self.seed}")

    @property
    def blocks(self) -> int:
        """Return how many blocks of 1,024 paths there are, the last of which may be shorter."""
        return -(-self.paths // PATHS_PER_BLOCK)

    @property
    def key(self) -> np.uint64:
        sequence = np.random.SeedSequence(entropy=self.seed, spawn_key=(_STREAM,))
        return np.uint64(sequence.generate_state(1, np.uint64)[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedProfits:
    """Hold profits (B, paths) of consecutive paths, and which of them met a floor (paths,)."""

    pnl: Reals
    floored: Booleans


def elliptical(
    aggregate: Aggregate,
    covariance: Reals,
    *,
    degrees_of_freedom: float | None = None,
    horizon_days: int = 1,
) -> Elliptical:
    """Prepare draws with mean 0 and the covariance (F, F) of daily price changes, times the days.

    Student's t has this covariance too, by scale √((ν − 2)/ν), and one χ² number a path for all
    factors. Only the coordinates are drawn, which is the same distribution of profits. Volatilities
    and time stand still.

    Raises:
        InvalidInput: the matrix is no covariance of these factors, there are 2 degrees of freedom
            or fewer, or fewer than one day.
    """
    size = len(aggregate.factors)
    if covariance.shape != (size, size):
        reason = f"expected {size} factors, was {covariance.shape}"
        raise InvalidInput(field="covariance", reason=reason)
    check_covariance(covariance)
    freedom = 0.0 if degrees_of_freedom is None else degrees_of_freedom
    if degrees_of_freedom is not None and not (isfinite(freedom) and freedom > 2.0):
        reason = f"expected above 2, where there is a variance, was {freedom}"
        raise InvalidInput(field="degrees_of_freedom", reason=reason)
    if horizon_days < 1:
        raise InvalidInput(field="horizon_days", reason=f"expected at least 1, was {horizon_days}")
    covered = covariance * float(horizon_days) @ aggregate.projection()
    root = square_root(aggregate.projection().T @ covered)
    return Elliptical(
        aggregate=aggregate,
        root=_padded(root),
        loadings=_loadings(root, covered),
        degrees_of_freedom=freedom,
    )


def simulate(simulation: Simulation, blocks: range, *, threads: int = 1) -> SimulatedProfits:
    """Return the profits of consecutive blocks: a pure function, so it may run anywhere.

    Raises:
        InvalidInput: blocks are not consecutive or not of this simulation.
    """
    if blocks.step != 1 or not 0 <= blocks.start <= blocks.stop <= simulation.blocks:
        reason = f"expected consecutive ones of 0 to {simulation.blocks - 1}, was {blocks}"
        raise InvalidInput(field="blocks", reason=reason)
    first = blocks.start * PATHS_PER_BLOCK
    count = max(0, min(simulation.paths, blocks.stop * PATHS_PER_BLOCK) - first)
    scenarios, key = simulation.scenarios, simulation.key
    pnl = np.zeros((scenarios.aggregate.books, count))
    floored = np.zeros(count, dtype=np.bool_)

    def work(start: int, stop: int) -> None:
        part = np.zeros((len(pnl), stop - start))
        scenarios.fill(key, first + start, part, floored[start:stop])
        pnl[:, start:stop] = part

    share(count, threads, work)
    return SimulatedProfits(pnl=pnl, floored=floored)


def joined(parts: Sequence[SimulatedProfits]) -> SimulatedProfits:
    """Put the profits of consecutive ranges of blocks together, in the order given."""
    return SimulatedProfits(
        pnl=np.concatenate([part.pnl for part in parts], axis=1),
        floored=np.concatenate([part.floored for part in parts]),
    )


def simulated_risk(
    simulation: Simulation, profits: SimulatedProfits, level: float
) -> tuple[RiskReport, ...]:
    """Return the risk of each book over all paths, with standard errors, and its parts.

    The paths of the tail are drawn once more to be split, by their index.

    Raises:
        InvalidInput: profits are not those of all paths, or `level` is not in (0, 1).
        HistoryTooShort: there are fewer than 1/(1 − level) paths.
    """
    if profits.pnl.shape[1] != simulation.paths:
        reason = f"expected {simulation.paths} paths, were {profits.pnl.shape[1]}"
        raise InvalidInput(field="profits", reason=reason)
    return tuple(_reports(simulation, profits, level))


def _reports(
    simulation: Simulation, profits: SimulatedProfits, level: float
) -> Iterable[RiskReport]:
    scenarios, floored = simulation.scenarios, int(np.count_nonzero(profits.floored))
    for book, pnl in enumerate(profits.pnl):
        tail = tail_of(pnl, level)
        means = scenarios.means(simulation.key, tail.scenarios, tail.weights())
        yield report(scenarios.aggregate, book, tail, means, floored)


def _padded(root: Reals) -> Reals:
    size = -(-len(root) // 4) * 4
    padded = np.zeros((size, size))
    padded[: len(root), : len(root)] = root
    return padded


def _loadings(root: Reals, covered: Reals) -> Reals:
    """Return Cov(x, z) (F, m) of y = root · z, from Cov(x, y) = `covered`: Cov(x, z) rootᵀ."""
    scales = np.linalg.norm(root, axis=1)
    scales = np.where(scales > 0.0, scales, 1.0)
    found = np.linalg.lstsq(root / scales[:, None], (covered / scales).T, rcond=_SINGULAR)
    return np.asarray(found[0].T)
