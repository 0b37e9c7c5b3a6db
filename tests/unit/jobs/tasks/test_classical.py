"""Check the classical company against the definition."""

import json

from jobs.tasks.classical import compare
from tests.subset_problems import all_objectives, random_problem


def test_names_the_proven_optimum_and_a_baseline_for_each_seed() -> None:
    problem = random_problem(7, 3, seed=4)
    values = all_objectives(problem)
    found = compare(problem, 20, [1, 2, 1])
    assert json.loads(json.dumps(found)) == found
    optimum = found["optimum"]
    best = min(values, key=values.__getitem__)
    assert (tuple(optimum["chosen"]), optimum["proven"], optimum["evaluated"]) == (best, True, 35)
    assert optimum["objective"] == problem.objective(best)
    worst = max(values, key=values.__getitem__)
    assert found["worst_objective"] == problem.objective(worst)
    first, second, again = found["random_baselines"]
    assert first == again != second
    for baseline in found["random_baselines"]:
        assert baseline["draws"] == 20
        assert baseline["objective"] == problem.objective(baseline["chosen"])
