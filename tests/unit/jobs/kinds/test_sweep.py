"""Check sweeps: every combination once, the same numbers however they are grouped."""

import json
from itertools import product
from typing import Any

import pytest

from core.errors import InvalidInput
from core.runs import RunKind
from core.specifications.sweep import SweepSpecification
from jobs.plans.sweep_points import SweepPoints
from tests.qaoa_runs import CHOICE, Carried, carry_out, pose

ASKED: dict[str, Any] = {
    **CHOICE,
    "of": 4,
    "depths": [2, 1],
    "seeds": [7, 8],
    "mixers": ["ring", "grover"],
    "backends": ["subspace", "aer"],
    "shots": 1500,
    "starts": 2,
}
ANGLES = [
    {"gammas": [0.1], "betas": [0.2]},
    {"gammas": [0.3], "betas": [0.1]},
    {"gammas": [0.1, 0.2], "betas": [0.2, 0.3]},
]


@pytest.fixture(scope="module")
def carried() -> Carried:
    return carry_out(RunKind.SWEEP, ASKED)


def without_times(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "elapsed_s": None} for row in rows]


class TestRows:
    def test_every_combination_has_one_row(self, carried: Carried) -> None:
        names = ("backend", "mixer", "seed", "depth")
        found = [tuple(row[name] for name in names) for row in carried.rows()]
        assert found == list(product(*(ASKED[f"{name}s"] for name in names)))
        assert carried.result["points"] == len(found) == 16

    def test_a_row_holds_all_that_is_measured(self, carried: Carried) -> None:
        optimum = carried.result["classical_optimum"]["objective"]
        worst = carried.result["worst_objective"]
        baselines = carried.result["random_baselines"]
        for row in carried.rows():
            assert len(json.loads(row["gammas"])) == len(json.loads(row["betas"])) == row["depth"]
            ratio = (worst - row["expectation"]) / (worst - optimum)
            assert row["approximation_ratio"] == pytest.approx(ratio, abs=1e-9)
            assert 0 < row["probability_of_optimum"] < 1
            assert optimum == row["optimum"] <= row["best_objective"]
            assert row["random_baseline"] == baselines[row["seed"] - 7]["objective"]
            assert row["sampled_expectation"] == pytest.approx(row["expectation"], abs=0.3)
            assert row["feasible_fraction"] == 1.0
            assert row["evaluations"] > 2
            assert row["elapsed_s"] > 0
            assert (row["circuit_depth"] is None) == (row["backend"] == "subspace")

    def test_the_result_holds_few_rows_and_the_best(self, carried: Carried) -> None:
        result, rows = carried.result, carried.rows()
        assert [row["point"] for row in result["rows"]] == list(range(16))
        best = max(row["approximation_ratio"] for row in rows)
        assert result["best"]["approximation_ratio"] == best
        assert result["best_sampled"]["best_objective"] == min(
            row["best_objective"] for row in rows
        )
        assert len(carried.programs()) == 1

    def test_the_same_angles_on_every_backend(self, carried: Carried) -> None:
        rows = carried.rows()
        for one, other in zip(rows[:8], rows[8:], strict=True):
            for name in ("gammas", "betas", "expectation", "evaluations"):
                assert one[name] == other[name]


class TestStages:
    def test_training_comes_before_samples(self, carried: Carried) -> None:
        assert carried.stages == [["classical", "train"], ["sample"]]
        assert len(carried.done) == carried.plan["chunks"]

    def test_grouping_does_not_show(self, carried: Carried) -> None:
        def apart(plan: dict[str, Any]) -> dict[str, Any]:
            scoring = [[0, 1], [1, 5], [5, 8]]
            sampling = [[0, 0, 3], [0, 3, 8], [1, 0, 1], [1, 1, 6], [1, 6, 8]]
            return {**plan, "scoring": scoring, "sampling": sampling, "chunks": 9}

        parts = carry_out(RunKind.SWEEP, ASKED, apart)
        assert len(parts.done) == 9
        assert without_times(parts.rows()) == without_times(carried.rows())

    def test_more_seeds_leave_the_first_as_they_were(self, carried: Carried) -> None:
        alone = carry_out(RunKind.SWEEP, {**ASKED, "seeds": [7], "backends": ["subspace"]})
        expected = [row for row in carried.rows()[:8] if row["seed"] == 7]
        found = without_times(alone.rows())
        assert [{**row, "point": None} for row in found] == [
            {**row, "point": None} for row in without_times(expected)
        ]


class TestAngles:
    def test_given_angles_are_scored_and_not_trained(self) -> None:
        asked = {**ASKED, "angles": ANGLES, "mixers": ["ring", "complete"]}
        carried = carry_out(RunKind.SWEEP, asked)
        rows = carried.rows()
        assert len(rows) == 2 * 2 * 2 * 3
        for row, angles in zip(rows, ANGLES * 8, strict=True):
            assert json.loads(row["gammas"]) == angles["gammas"]
            assert row["depth"] == len(angles["gammas"])
            assert row["evaluations"] == 1
            assert row["sampled_expectation"] == pytest.approx(row["expectation"], abs=0.3)


class TestBackends:
    def test_noise_is_sampled_beside_what_is_exact(self) -> None:
        asked = {**ASKED, "depths": [1], "seeds": [7], "mixers": ["ring"]}
        carried = carry_out(RunKind.SWEEP, {**asked, "backends": ["subspace", "aer:fake_oslo"]})
        exact, noisy = carried.rows()
        assert noisy["feasible_fraction"] < exact["feasible_fraction"] == 1.0
        assert noisy["expectation"] == exact["expectation"]
        assert noisy["physical_two_qubit_gates"] > noisy["two_qubit_gates"] > 0
        methods = [way["method"] for way in carried.result["backends"]]
        assert methods == [None, "density_matrix"]

    def test_hardware_gets_one_circuit_for_each_mixer_and_depth(self) -> None:
        carried = carry_out(RunKind.SWEEP, {**ASKED, "backends": ["ibm:somewhere"]})
        assert carried.stages == [["classical", "train"], ["compose"], ["sample"]]
        assert len(carried.done) == carried.plan["chunks"]
        rows = carried.rows()
        assert len(rows) == 8
        for row in rows:
            assert row["feasible_fraction"] == 1.0
            assert row["sampled_expectation"] == pytest.approx(row["expectation"], abs=0.3)
            assert row["physical_depth"] > 0

    def test_hardware_stands_alone(self) -> None:
        with pytest.raises(InvalidInput) as refused:
            pose(RunKind.SWEEP, {**ASKED, "backends": ["subspace", "ibm:somewhere"]})
        assert refused.value.context["field"] == "backends"

    def test_a_device_too_small_is_refused_before_anything_is_stored(self) -> None:
        with pytest.raises(InvalidInput) as refused:
            pose(RunKind.SWEEP, {**ASKED, "of": 8, "backends": ["subspace", "aer:fake_manila"]})
        assert refused.value.context["field"] == "backends"


def test_points_are_counted_and_numbered_alike() -> None:
    asked = SweepSpecification.checked(ASKED)
    points = SweepPoints(asked)
    assert points.units * len(asked.backends) == asked.points
    units = [points.unit(index) for index in range(points.units)]
    assert len(set(units)) == points.units
    given = SweepPoints(SweepSpecification.checked({**ASKED, "angles": ANGLES}))
    scored = [given.scored_index(index) for index in range(given.units)]
    assert set(scored) == set(range(given.scored))
    for index, which in enumerate(scored):
        unit = given.unit(index)
        mixer, schedule = divmod(which, len(ANGLES))
        assert (unit.mixer, unit.schedule) == (asked.mixers[mixer], schedule)
