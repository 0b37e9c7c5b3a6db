"""Own the classical company of every quantum answer: each method's answer to the same problem.

Minimise q·xᵀΣx − μᵀx over 0/1 vectors with k ones. Must not import Qiskit.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import comb

from quant.answers import Answer, Method
from quant.branch_and_bound import branch_and_bound
from quant.exhaustive import exhaustive
from quant.integer_program import integer_program
from quant.local_search import annealing, greedy, random_subsets, tabu
from quant.subset_problem import SubsetProblem


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
