"""Own the judgement of angles: what they give, beside the proven optimum of the same problem."""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.answers import Answer
from quant.exhaustive import exhaustive
from quant.quantum.costs import is_convex
from quant.quantum.subspace import Ansatz, cvar, expectation, probabilities
from quant.subset_problem import SubsetProblem

Reals = NDArray[np.float64]

BINS = 10
_TIE = 1e-12  # of the largest cost: subsets this near are equally good


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Hold one subset (rising indices), its objective, and how probable it is to be measured."""

    chosen: tuple[int, ...]
    objective: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """Hold what p gammas and p betas give, and what the same problem allows.

    `approximation_ratio` is (max − energy)/(max − min) over all subsets, and `random_ratio` that
    of the mean subset. `optimum` carries the probability of all subsets that are as good, and
    `random_chance` is that of meeting one of them by drawing a subset.
    `masses` and `random_masses` (bins,) split the probability, and the subsets, over equal parts
    of the way from the least objective to the greatest.
    """

    energy: float
    cvar: float | None
    approximation_ratio: float
    random_ratio: float
    random_chance: float
    optimum: Candidate
    most_probable: Candidate
    greatest: float
    classical: Answer
    convex: bool
    states: int
    masses: Reals
    random_masses: Reals

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready values; `optimum` is the least objective, `chosen` its subset."""
        tail = {} if self.cvar is None else {"cvar": self.cvar}
        return {
            "energy": self.energy,
            **tail,
            "approximation_ratio": self.approximation_ratio,
            "probability_of_optimum": self.optimum.probability,
            "optimum": self.optimum.objective,
            "chosen": list(self.optimum.chosen),
            "optimum_proven": self.classical.proven,
            "optimum_method": str(self.classical.method),
            "optimum_elapsed_s": self.classical.elapsed_s,
            "random_approximation_ratio": self.random_ratio,
            "most_probable": {
                "chosen": list(self.most_probable.chosen),
                "objective": self.most_probable.objective,
                "probability": self.most_probable.probability,
            },
            "convex": self.convex,
            "states": self.states,
        }


def evaluate(
    problem: SubsetProblem,
    ansatz: Ansatz,
    gammas: Reals,
    betas: Reals,
    alpha: float | None = None,
) -> Evaluation:
    """Evolve an ansatz of the problem's costs by the angles, and judge the outcome.

    With `alpha` in (0, 1] also the mean of the best part alpha of the outcomes, CVaR.

    Raises:
        InvalidInput: not as many betas as gammas, an angle that is not finite, or alpha outside
            (0, 1].
    """
    costs = ansatz.costs
    known = _solved(problem)
    psi = ansatz.evolve(gammas, betas)
    weights = probabilities(psi)
    energy = expectation(psi, costs)
    least, greatest = known.objective, float(costs.max())
    equally_good = costs <= least + _TIE * float(np.abs(costs).max())
    edges = np.linspace(least, greatest, BINS + 1)
    return Evaluation(
        energy=energy,
        cvar=None if alpha is None else cvar(weights, costs, alpha),
        approximation_ratio=_ratio(energy, least, greatest),
        random_ratio=_ratio(float(costs.mean()), least, greatest),
        random_chance=float(equally_good.mean()),
        optimum=Candidate(
            chosen=known.chosen,
            objective=least,
            probability=float(weights[equally_good].sum()),
        ),
        most_probable=_most_probable(ansatz, weights),
        greatest=greatest,
        classical=known,
        convex=is_convex(problem.sigma),
        states=len(costs),
        masses=_masses(costs, weights, edges),
        random_masses=_masses(costs, np.ones(len(costs)), edges),
    )


def check_angles(gammas: Reals, betas: Reals) -> None:
    """Refuse angles that are no p ≥ 1 layers.

    Raises:
        InvalidInput: there are none, not as many of each, or one is not finite.
    """
    if len(gammas) == 0:
        raise InvalidInput(field="gammas", reason="expected at least one")
    if len(gammas) != len(betas):
        reason = f"expected as many as gammas, {len(gammas)}, were {len(betas)}"
        raise InvalidInput(field="betas", reason=reason)
    for field, angles in (("gammas", gammas), ("betas", betas)):
        if not np.isfinite(angles).all():
            raise InvalidInput(field=field, reason="expected finite numbers only")


def check_alpha(alpha: float | None) -> None:
    """Refuse a part of the outcomes outside (0, 1].

    Raises:
        InvalidInput: it is.
    """
    if alpha is not None and not 0 < alpha <= 1:
        raise InvalidInput(field="cvar", reason=f"expected more than 0, at most 1, was {alpha}")


def _solved(problem: SubsetProblem) -> Answer:
    # the first call of a process loads the compiled search, which is no part of its time
    exhaustive(SubsetProblem(mu=np.zeros(2), sigma=np.zeros((2, 2)), q=0.0, k=1))
    started = time.perf_counter()
    found = exhaustive(problem)
    return replace(found, elapsed_s=time.perf_counter() - started)


def _ratio(energy: float, least: float, greatest: float) -> float:
    # every subset is the best of equal ones
    return (greatest - energy) / (greatest - least) if greatest > least else 1.0


def _most_probable(ansatz: Ansatz, weights: Reals) -> Candidate:
    rank = int(weights.argmax())
    mask = ansatz.basis.unrank(rank)
    return Candidate(
        chosen=tuple(i for i in range(ansatz.basis.n) if mask >> i & 1),
        objective=float(ansatz.costs[rank]),
        probability=float(weights[rank]),
    )


def _masses(costs: Reals, weights: Reals, edges: Reals) -> Reals:
    shares = np.zeros(BINS)
    if edges[0] == edges[-1]:
        shares[0] = 1.0
        return shares
    inside = np.clip(costs, edges[0], edges[-1])  # the edges are rounded
    shares += np.histogram(inside, edges, weights=weights)[0]
    shares /= shares.sum()
    return shares
