"""Check the tasks of many circuits: a point's numbers are its own, whatever stands beside it."""

from typing import Any

import numpy as np
import pytest

from jobs.tasks import circuit_forms, qaoa, sweeps
from quant.subset_problem import SubsetProblem
from tests.subset_problems import random_problem

ANGLES = [[[-0.4], [0.5]], [[-0.2], [0.9]], [[0.3], [0.1]]]
WAYS: list[dict[str, Any]] = [
    {"backend": "subspace", "method": None},
    {"backend": "aer", "method": "statevector"},
    {"backend": "aer:fake_oslo", "method": "density_matrix"},
]
EVERY_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: str(way["backend"]))


@pytest.fixture(scope="module")
def problem() -> SubsetProblem:
    return random_problem(4, 2, seed=8)


def batch(first: int, last: int, seed: int = 7) -> dict[str, Any]:
    return {
        "mixer": "ring",
        "seed": seed,
        "first_point": first,
        "angles": ANGLES[first:last],
    }


def without_times(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in point.items() if name not in {"elapsed_s", "circuit"}}
        for point in found["points"]
    ]


def test_training_is_the_best_of_its_starts(problem: SubsetProblem) -> None:
    asked = [("ring", 1, 7), ("grover", 2, 8)]
    found = sweeps.train_points(problem, asked, 3)["points"]
    for (mixer, depth, seed), point in zip(asked, found, strict=True):
        starts = [qaoa.train_start(problem, mixer, depth, seed, start) for start in range(3)]
        best = min(starts, key=lambda start: start["energy"])
        assert (point["gammas"], point["betas"]) == (best["gammas"], best["betas"])
        assert point["evaluations"] == sum(start["evaluations"] for start in starts)
        scores = qaoa.score(problem, mixer, point["gammas"], point["betas"])
        assert scores == {name: point[name] for name in scores}
        assert point["elapsed_s"] > 0


def test_given_angles_are_scored_as_they_are(problem: SubsetProblem) -> None:
    (point,) = sweeps.score_points(problem, [("complete", [0.1, 0.2], [0.3, 0.4])])["points"]
    assert (point["gammas"], point["betas"], point["evaluations"]) == ([0.1, 0.2], [0.3, 0.4], 1)
    scores = qaoa.score(problem, "complete", [0.1, 0.2], [0.3, 0.4])
    assert scores == {name: point[name] for name in scores}


@EVERY_WAY
def test_points_do_not_depend_on_their_group(problem: SubsetProblem, way: dict[str, Any]) -> None:
    together = without_times(sweeps.sample_points(problem, way, [batch(0, 3)], 1500))
    apart = [
        *without_times(sweeps.sample_points(problem, way, [batch(0, 1)], 1500)),
        *without_times(sweeps.sample_points(problem, way, [batch(1, 2), batch(2, 3)], 1500)),
    ]
    assert together == apart
    assert [point["shots"] for point in together] == [1500] * 3
    other = without_times(sweeps.sample_points(problem, way, [batch(0, 3, seed=8)], 1500))
    assert all(one != two for one, two in zip(together, other, strict=True))


@EVERY_WAY
def test_the_mean_follows_the_exact_expectation(
    problem: SubsetProblem, way: dict[str, Any]
) -> None:
    shots = 4096
    found = sweeps.sample_points(problem, way, [batch(0, 3)], shots)
    spread = problem.costs().std()
    for (gammas, betas), point in zip(ANGLES, found["points"], strict=True):
        exact = qaoa.score(problem, "ring", gammas, betas)["expectation"]
        mean = point["total"] / point["kept"]
        # noise mixes the outcomes that keep k ones, too
        allowed = 8 * spread / shots**0.5 + (0.5 * spread if "fake" in way["backend"] else 0.0)
        assert mean == pytest.approx(exact, abs=allowed)
        assert (point["kept"] < shots) == ("fake" in way["backend"])


def test_facts_are_those_of_each_batch(problem: SubsetProblem) -> None:
    deep = {"mixer": "ring", "seed": 7, "first_point": 0, "angles": [[[0.1] * 2, [0.2] * 2]]}
    found = sweeps.sample_points(problem, WAYS[1], [batch(0, 2), deep], 100)
    assert [point["circuit"] for point in found["points"]] == [0, 0, 1]
    assert found["facts"][1]["circuit_depth"] > found["facts"][0]["circuit_depth"] > 0
    assert sweeps.sample_points(problem, WAYS[0], [deep], 100)["facts"] == [None]


def test_a_composed_template_has_a_row_for_each_angle(problem: SubsetProblem) -> None:
    composed = sweeps.compose_points(problem, "ring", ANGLES)
    circuit = circuit_forms.from_qpy(composed["qpy"])
    assert circuit.num_parameters == 2
    values = np.array(composed["rows"])
    names = [parameter.name[0] for parameter in circuit.parameters]
    expected = {"γ": [-0.4, -0.2, 0.3], "β": [0.5, 0.9, 0.1]}
    assert values.T.tolist() == [expected[name] for name in names]
