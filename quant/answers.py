"""Own what a method answers to a subset problem, and how far its answer is proven."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Method(StrEnum):
    """Name the classical methods; the first three prove what they answer, if let."""

    EXHAUSTIVE = "exhaustive"
    BRANCH_AND_BOUND = "branch-and-bound"
    INTEGER_PROGRAM = "integer-program"
    ANNEALING = "annealing"
    TABU = "tabu"
    GREEDY = "greedy"
    RANDOM = "random"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Hold the best subset one method found, as rising indices, and what it knows of the rest.

    No subset lies below `bound`, −∞ where the method bounds nothing. `evaluated` counts subsets,
    swaps or nodes of a tree, as the method goes. `worst_objective` is the greatest of all, where
    the method saw all. A method stopped before it found any subset has none, and objective ∞.
    """

    method: Method
    objective: float
    chosen: tuple[int, ...]
    evaluated: int
    proven: bool = False
    bound: float = -math.inf
    worst_objective: float | None = None
    elapsed_s: float | None = field(default=None, compare=False)

    @property
    def gap(self) -> float:
        """Return how far below the objective an optimum might still lie."""
        return self.objective - self.bound

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; what is infinite becomes None."""
        return {
            "method": str(self.method),
            "objective": _finite(self.objective),
            "chosen": list(self.chosen),
            "proven": self.proven,
            "bound": _finite(self.bound),
            "gap": _finite(self.gap),
            "evaluated": self.evaluated,
            "elapsed_s": self.elapsed_s,
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def best_answer(answers: Sequence[Answer]) -> Answer:
    """Return the answer of least objective, the first of equal ones, with all proofs put together.

    What one method found, another may have bounded.
    """
    best = min(answers, key=lambda answer: answer.objective)
    return replace(
        best,
        proven=any(answer.proven for answer in answers),
        bound=min(best.objective, max(answer.bound for answer in answers)),
    )
