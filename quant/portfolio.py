"""Own the portfolio problem, and the classical company of every quantum answer to it.

Minimise q·xᵀΣx − μᵀx over 0/1 vectors with k ones. Must not import Qiskit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.answers import Answer, Method
from quant.branch_and_bound import branch_and_bound
from quant.exhaustive import exhaustive
from quant.integer_program import integer_program
from quant.local_search import annealing, greedy, random_subsets, tabu
from quant.subset_problem import SubsetProblem, require

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Name the dates of the first and last daily change used, and how many there are."""

    first: date
    last: date
    days: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PortfolioProblem(SubsetProblem):
    """Hold the subset problem of n contracts, the `labels`, and where its numbers come from.

    `mu` (n,) and `sigma` (n, n) are dollar values per contract already divided by `scale`, the
    mean variance in dollars², so an objective times `scale` is the unscaled one. `vintage` names
    the revision of the settlements that was read.

    Raises:
        InvalidInput: a value breaks a rule of the subset problem, or the labels are not n
            different ones, or the scale is not positive.
    """

    labels: tuple[str, ...]
    scale: float
    window: Window
    vintage: str

    def __post_init__(self) -> None:
        # a class with slots is made anew, which an empty super() does not survive
        SubsetProblem.__post_init__(self)
        n = len(self.labels)
        require(n == self.n, "labels", f"expected {self.n} of them, were {n}")
        require(len(set(self.labels)) == n, "labels", "names one twice")
        positive = bool(np.isfinite(self.scale)) and self.scale > 0
        require(positive, "scale", f"expected a positive number, was {self.scale}")

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; floats keep every bit."""
        return {
            "labels": list(self.labels),
            "mu": self.mu.tolist(),
            "sigma": self.sigma.tolist(),
            "q": self.q,
            "k": self.k,
            "scale": self.scale,
            "window": {
                "first": self.window.first.isoformat(),
                "last": self.window.last.isoformat(),
                "days": self.window.days,
            },
            "vintage": self.vintage,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PortfolioProblem":
        """Rebuild the problem from `to_json`.

        Raises:
            InvalidInput: a value breaks a rule.
        """
        window = values["window"]
        return cls(
            labels=tuple(values["labels"]),
            mu=np.array(values["mu"], dtype=np.float64),
            sigma=np.array(values["sigma"], dtype=np.float64),
            q=float(values["q"]),
            k=int(values["k"]),
            scale=float(values["scale"]),
            window=Window(
                first=date.fromisoformat(window["first"]),
                last=date.fromisoformat(window["last"]),
                days=int(window["days"]),
            ),
            vintage=str(values["vintage"]),
        )


def build_problem(
    *,
    labels: tuple[str, ...],
    changes: Reals,
    q: float,
    k: int,
    first: date,
    last: date,
    vintage: str,
) -> PortfolioProblem:
    """Estimate a problem from daily dollar changes per contract (days, n).

    μ is the sample mean and Σ the sample covariance (ddof 1); both are divided by the mean of
    Σ's diagonal.

    Raises:
        InvalidInput: fewer than two days, a number that is not finite, or no variance at all.
    """
    days = len(changes)
    require(changes.ndim == 2 and days >= 2, "changes", f"expected two days or more, was {days}")
    require(bool(np.isfinite(changes).all()), "changes", "expected finite numbers only")
    mu = changes.mean(axis=0)
    centred = changes - mu
    # einsum and not BLAS, whose sums may depend on the number of threads
    sigma = np.einsum("di,dj->ij", centred, centred) / (days - 1)
    scale = float(np.diagonal(sigma).mean())
    require(scale > 0, "changes", "expected prices that move, all changes were equal")
    return PortfolioProblem(
        labels=labels,
        mu=mu / scale,
        sigma=sigma / scale,
        q=q,
        k=k,
        scale=scale,
        window=Window(first=first, last=last, days=days),
        vintage=vintage,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limit what each method may spend; all but `seconds` mean the same on any machine.

    `subsets` is the most an exhaustive search takes on in `company`, `nodes` those of the branch
    and bound, `seconds` the time of the integer program, `draws` the random subsets, `starts`
    those of tabu and annealing.
    """

    subsets: int = 100_000_000
    nodes: int = 100_000
    seconds: float = 10.0
    draws: int = 4096
    starts: int = 8


def solve(
    problem: SubsetProblem,
    method: Method,
    *,
    seed: int = 0,
    budget: Budget | None = None,
    clock: Callable[[], float] | None = None,
) -> Answer:
    """Answer a problem by one method; with a `clock` of seconds the answer says how long it took.

    The first call of a method in a process may include loading its compiled loops.

    Raises:
        InvalidInput: a limit is not positive, or there are too many subsets to see them all.
    """
    limits = budget or Budget()
    started = clock() if clock else 0.0
    answer = _answer(problem, method, seed, limits)
    return replace(answer, elapsed_s=clock() - started) if clock else answer


def _answer(problem: SubsetProblem, method: Method, seed: int, limits: Budget) -> Answer:
    match method:
        case Method.EXHAUSTIVE:
            return exhaustive(problem)
        case Method.BRANCH_AND_BOUND:
            return branch_and_bound(problem, seed=seed, nodes=limits.nodes)
        case Method.INTEGER_PROGRAM:
            return integer_program(problem, seconds=limits.seconds)
        case Method.ANNEALING:
            return annealing(problem, seed, starts=limits.starts)
        case Method.TABU:
            return tabu(problem, seed, starts=limits.starts)
        case Method.GREEDY:
            return greedy(problem)
        case Method.RANDOM:
            return random_subsets(problem, limits.draws, seed)


def company(
    problem: SubsetProblem,
    *,
    methods: Sequence[Method] = tuple(Method),
    seed: int = 0,
    budget: Budget | None = None,
    clock: Callable[[], float] | None = None,
) -> tuple[Answer, ...]:
    """Answer a problem by each method, in their order: what stands beside a quantum answer.

    The exhaustive search is left out where it would see more subsets than the budget allows.
    `quant.answers.best_answer` puts the answers together.

    Raises:
        InvalidInput: a limit is not positive.
    """
    limits = budget or Budget()
    few = comb(problem.n, problem.k) <= limits.subsets
    return tuple(
        solve(problem, method, seed=seed, budget=limits, clock=clock)
        for method in methods
        if few or method is not Method.EXHAUSTIVE
    )
