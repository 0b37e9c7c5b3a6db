"""Own the pieces of a landscape: exact expectations, or samples on a backend, range by range."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.backends import Backend, Family
from core.runs import SHOTS_PER_BLOCK
from core.specifications.landscape import LandscapeSpecification
from jobs.backends.choice import Choice
from jobs.pieces import Done, Piece, Target
from jobs.plans.ansatz_work import evaluation_seconds
from jobs.plans.grids import points_of
from jobs.plans.grouping import group_points
from jobs.plans.stages import missing, results_of
from jobs.plans.sweep_points import hardware_rows
from jobs.results.outcomes import Tally, tally
from quant.subset_problem import SubsetProblem

CLASSICAL, COMPOSE, EXPECT, SAMPLE = "classical", "compose", "expect", "sample"

Reals = NDArray[np.float64]


def plan(asked: LandscapeSpecification, choice: Choice) -> dict[str, Any]:
    """Settle the method, and which range of points each piece takes."""
    on_hardware = choice.backend.family is Family.IBM
    if on_hardware:
        rows = hardware_rows(draws(asked))
        starts = range(0, asked.points, rows)
        groups = [range(first, min(first + rows, asked.points)) for first in starts]
    else:
        groups = list(group_points(asked.points, _point_seconds(asked, choice)))
    return {
        "backend": str(choice.backend),
        "method": choice.method,
        "groups": [[group.start, group.stop] for group in groups],
        "chunks": 1 + len(groups) * (2 if on_hardware else 1),
    }


def pieces(asked: LandscapeSpecification, plan: dict[str, Any], done: Done) -> list[Piece]:
    """List the pieces of the next stage; only hardware has more than one."""
    classical = Piece(
        stage=CLASSICAL, index=0, task=CLASSICAL, arguments=(draws(asked), [asked.seed])
    )
    if asked.shots is None:
        return missing([classical, *_exact_pieces(asked, plan)], done)
    if Backend.parse(plan["backend"]).family is not Family.IBM:
        return missing([classical, *_sampling_pieces(asked, plan)], done)
    composing = missing([classical, *_composing_pieces(asked, plan)], done)
    return composing or missing(_hardware_pieces(asked, plan, done), done)


def draws(asked: LandscapeSpecification) -> int:
    """Return how many random subsets a landscape is compared with: as many as a point has shots."""
    return asked.shots or SHOTS_PER_BLOCK


def expectations(
    problem: SubsetProblem, asked: LandscapeSpecification, done: Done
) -> tuple[Reals, Reals]:
    """Return the expectation and the share of k ones at every point (points,).

    What was sampled is the mean of the shots of k ones, nan where there is none.
    """
    if asked.shots is None:
        exact = [value for chunk in results_of(done, EXPECT) for value in chunk["expectations"]]
        return np.array(exact), np.ones(len(exact))
    found = [one for chunk in results_of(done, SAMPLE) for one in _tallies(problem, chunk)]
    means = [np.nan if one.mean is None else one.mean for one in found]
    return np.array(means), np.array([one.feasible_fraction for one in found])


def circuit_facts(done: Done) -> dict[str, Any]:
    """Return what the circuits took, and the cost: 0 for what is local, else seconds of the QPU."""
    sampled, composed = results_of(done, SAMPLE), results_of(done, COMPOSE)
    if composed:
        return {
            **composed[0]["facts"],
            "physical_depth": sampled[0]["isa_depth"],
            "physical_two_qubit_gates": sampled[0]["two_qubit_gates"],
            "job_ids": [chunk["job_id"] for chunk in sampled],
            "cost": sum(chunk["usage_s"] for chunk in sampled),
        }
    facts = sampled[0]["facts"][0] if sampled else None
    return {**(facts or {"circuit_depth": None, "two_qubit_gates": None}), "cost": 0}


def _tallies(problem: SubsetProblem, chunk: dict[str, Any]) -> list[Tally]:
    if "points" in chunk:
        return [Tally.from_json(point) for point in chunk["points"]]
    return [tally(problem, counts) for counts in chunk["counts"]]


def _point_seconds(asked: LandscapeSpecification, choice: Choice) -> float:
    if asked.shots is None:
        return evaluation_seconds(asked.of, asked.choose, 1, asked.mixer)
    return choice.seconds / asked.points


def _exact_pieces(asked: LandscapeSpecification, plan: dict[str, Any]) -> list[Piece]:
    grid = (asked.mixer.value, asked.gamma.to_json(), asked.beta.to_json())
    return [
        Piece(stage=EXPECT, index=index, task="landscape", arguments=(*grid, first, last))
        for index, (first, last) in enumerate(plan["groups"])
    ]


def _angles(asked: LandscapeSpecification, first: int, last: int) -> list[list[list[float]]]:
    gammas, betas = points_of(asked.gamma, asked.beta, first, last)
    return [[[g], [b]] for g, b in zip(gammas.tolist(), betas.tolist(), strict=True)]


def _sampling_pieces(asked: LandscapeSpecification, plan: dict[str, Any]) -> list[Piece]:
    way = {"backend": plan["backend"], "method": plan["method"]}
    listed = []
    for index, (first, last) in enumerate(plan["groups"]):
        batch = {
            "mixer": asked.mixer.value,
            "seed": asked.seed,
            "first_point": first,
            "angles": _angles(asked, first, last),
        }
        arguments = (way, [batch], asked.shots)
        listed.append(Piece(stage=SAMPLE, index=index, task="sweep_sample", arguments=arguments))
    return listed


def _composing_pieces(asked: LandscapeSpecification, plan: dict[str, Any]) -> list[Piece]:
    return [
        Piece(
            stage=COMPOSE,
            index=index,
            task="sweep_compose",
            arguments=(asked.mixer.value, _angles(asked, first, last)),
        )
        for index, (first, last) in enumerate(plan["groups"])
    ]


def _hardware_pieces(
    asked: LandscapeSpecification, plan: dict[str, Any], done: Done
) -> list[Piece]:
    listed = []
    for index in range(len(plan["groups"])):
        request = {
            "qpy": done[COMPOSE, index]["qpy"],
            "rows": done[COMPOSE, index]["rows"],
            "shots": asked.shots,
            "seed": asked.seed,
        }
        listed.append(
            Piece(
                stage=SAMPLE, index=index, task="sampler", arguments=(request,), target=Target.QPU
            )
        )
    return listed
