"""Check amplitude runs from specification to answer, beside exact sums and closed forms."""

from math import erf, exp, log, sqrt
from typing import Any

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from core.backends import Backend
from core.errors import InvalidInput
from core.runs import RunKind
from core.specifications import specification_from_json
from jobs.backends.choice import choose
from jobs.kinds import kind_of
from jobs.kinds.amplitude import _historical
from jobs.remote import TASK_BODIES
from jobs.workers import body_named
from tests.qaoa_runs import TASK_BYTES, Carried, Posed, loaded, stored

OPTION = {
    "measure": "option",
    "option": {"spot": 80.0, "strike": 75.0, "volatility": 0.4, "rate": 0.03, "years": 0.5},
    "qubits": 4,
    "shots": 500,
    "accuracy": 0.01,
    "seed": 11,
}
HOLDING = {
    "measure": "cvar",
    "holding": {"product": "CL", "position": 2, "source": "import:made-up", "window_days": 60},
    "qubits": 4,
    "shots": 500,
    "accuracy": 0.01,
    "seed": 11,
}


def pose(values: dict[str, Any]) -> Posed:
    kind = kind_of(RunKind.AMPLITUDE)
    asked = specification_from_json(RunKind.AMPLITUDE, values)
    request = kind.histories(asked)
    found = kind.pose(asked, None if request is None else loaded(request), None)
    return Posed(kind=kind, specification=found.specification, problem=stored(found.problem))


def carry_out(values: dict[str, Any], *, backwards: bool = False) -> Carried:
    posed = pose(values)
    kind, asked, problem = posed.kind, posed.specification, posed.problem
    choice = choose(
        kind.workload(asked, problem), Backend.parse(values.get("backend", "auto")), TASK_BYTES
    )
    plan = stored(kind.plan(asked, problem, choice))
    done: dict[tuple[str, int], dict[str, Any]] = {}
    stages = []
    while pieces := kind.pieces(asked, problem, plan, done):
        shared = kind.shared(asked, problem, plan)
        for piece in reversed(pieces) if backwards else pieces:
            body = body_named(TASK_BODIES[piece.task])
            done[piece.stage, piece.index] = stored(body(shared, *piece.arguments))
        stages.append(sorted({piece.stage for piece in pieces}))
    assert len(done) == plan["chunks"]
    result = stored(kind.assemble(asked, problem, plan, done))
    return Carried(posed=posed, plan=plan, done=done, stages=stages, result=result)


def black(option: dict[str, float]) -> float:
    """Return the value of a call by Black and Scholes, from the error function alone."""
    deviation = option["volatility"] * sqrt(option["years"])
    drift = (option["rate"] + option["volatility"] ** 2 / 2) * option["years"]
    upper = (log(option["spot"] / option["strike"]) + drift) / deviation
    below = [(1 + erf(x / sqrt(2))) / 2 for x in (upper, upper - deviation)]
    return option["spot"] * below[0] - option["strike"] * below[1] * exp(
        -option["rate"] * option["years"]
    )


class TestOption:
    @pytest.mark.parametrize("estimator", ["iterative", "maximum_likelihood", "canonical"])
    def test_the_interval_holds_the_exact_value(self, estimator: str) -> None:
        # canonical at this accuracy would take nine phase qubits
        accuracy = 0.05 if estimator == "canonical" else 0.01
        carried = carry_out(
            {**OPTION, "estimator": estimator, "accuracy": accuracy, "alpha": 0.001}
        )
        result = carried.result
        low, high = result["interval"]
        assert low <= result["exact"] <= high
        assert low <= result["value"] <= high
        points = np.array(carried.posed.problem["points"])
        scale = float(np.maximum(points - 75, 0).max()) * exp(-0.03 * 0.5)
        assert high - low <= 2 * accuracy * scale * 1.0001
        assert carried.stages == [["estimate"], ["compare"]]

    def test_stands_beside_exact_and_classical_answers(self) -> None:
        carried = carry_out({**OPTION, "repetitions": 3})
        result, problem = carried.result, carried.posed.problem
        points, chances = np.array(problem["points"]), np.array(problem["probabilities"])
        paid = exp(-0.03 * 0.5) * np.maximum(points - 75, 0)
        assert result["exact"] == pytest.approx(float(chances @ paid))
        assert result["classical"]["value"] == pytest.approx(black(OPTION["option"]))
        for each in result["repetitions"]:
            drawn = each["monte_carlo"]
            assert drawn["draws"] == each["oracle_calls"] > 0
            variance = float(chances @ paid**2) - float(chances @ paid) ** 2
            expected = sqrt(variance / drawn["draws"])
            assert drawn["standard_error"] == pytest.approx(expected, rel=0.2)
            assert abs(drawn["value"] - result["exact"]) < 5 * expected
        assert len({each["value"] for each in result["repetitions"]}) > 1
        assert result["value"] == sorted(each["value"] for each in result["repetitions"])[1]
        assert result["spread"] > 0
        for total in ("shots", "oracle_calls"):
            assert result[total] == sum(each[total] for each in result["repetitions"])

    @pytest.mark.parametrize(("qubits", "within"), [(3, 0.1), (5, 0.01), (8, 0.003)])
    def test_finer_grids_come_nearer_to_the_closed_form(self, qubits: int, within: float) -> None:
        problem = pose({**OPTION, "qubits": qubits, "accuracy": 0.1}).problem
        points, chances = np.array(problem["points"]), np.array(problem["probabilities"])
        value = exp(-0.03 * 0.5) * float(chances @ np.maximum(points - 75, 0))
        assert value == pytest.approx(black(OPTION["option"]), rel=within)

    def test_a_put_has_the_value_that_parity_gives_it(self) -> None:
        as_put = {**OPTION, "option": {**OPTION["option"], "kind": "put"}}
        put, call = (carry_out(values).result["classical"]["value"] for values in (as_put, OPTION))
        assert call - put == pytest.approx(80.0 - 75.0 * exp(-0.03 * 0.5))

    def test_chunks_may_come_in_any_order_and_a_seed_repeats_a_run(self) -> None:
        asked = {**OPTION, "repetitions": 3}
        first, second = carry_out(asked), carry_out(asked, backwards=True)
        assert first.result == second.result
        assert carry_out({**asked, "seed": 12}).result["value"] != first.result["value"]

    def test_circuits_and_rows_of_a_result(self) -> None:
        carried = carry_out({**OPTION, "repetitions": 2})
        rows = carried.rows()
        assert [row["repetition"] for row in rows] == [0, 1]
        assert [row["value"] for row in rows] == [
            each["value"] for each in carried.result["repetitions"]
        ]
        preparation, deepest = carried.programs()
        chance = Statevector(preparation).probabilities([preparation.num_qubits - 1])[1]
        points = np.array(carried.posed.problem["points"])
        scale = float(np.maximum(points - 75, 0).max()) * exp(-0.03 * 0.5)
        assert chance * scale == pytest.approx(carried.result["exact"])
        assert deepest.depth() == carried.result["circuit_depth"]
        assert preparation.num_qubits == carried.result["qubits"] == 5

    def test_noise_of_a_device_is_sampled_in_its_own_gates(self) -> None:
        asked = {**OPTION, "qubits": 2, "accuracy": 0.2, "backend": "aer:fake_manila"}
        noisy, ideal = carry_out(asked).result, carry_out({**asked, "backend": "aer"}).result
        assert noisy["backend"] == "aer:fake_manila"
        assert noisy["two_qubit_gates"] > ideal["two_qubit_gates"]
        assert noisy["value"] != ideal["value"]


class TestTail:
    def test_holds_exact_figures_and_those_of_the_days_themselves(self) -> None:
        carried = carry_out({**HOLDING, "alpha": 0.001})
        result, problem = carried.result, carried.posed.problem
        points, chances = np.array(problem["points"]), np.array(problem["probabilities"])
        reached = np.cumsum(chances)
        at_risk = float(points[np.argmax(reached >= 0.95 - 1e-9)])
        shortfall = at_risk + float(chances @ np.maximum(points - at_risk, 0)) / 0.05
        figures = result["figures"]
        assert figures["value_at_risk"]["exact"] == at_risk
        assert result["exact"] == figures["expected_shortfall"]["exact"]
        assert result["exact"] == pytest.approx(shortfall)
        assert figures["expected_loss"]["exact"] == pytest.approx(float(chances @ points))
        grid = float(points[1] - points[0])
        assert abs(result["classical"]["value_at_risk"] - at_risk) <= 2 * grid
        assert result["classical"]["value"] == result["classical"]["expected_shortfall"]
        assert result["subject"] == "1 CL02"
        assert carried.posed.specification.holding.as_of.isoformat() == problem["window"]["last"]
        low, high = figures["value_at_risk"]["interval"]
        assert low <= at_risk <= high

    def test_the_value_at_risk_is_a_point_of_the_grid(self) -> None:
        carried = carry_out({**HOLDING, "measure": "var"})
        assert carried.result["value"] in carried.posed.problem["points"]
        assert carried.result["monte_carlo"]["value"] in carried.posed.problem["points"]
        assert carried.result["value"] == carried.result["figures"]["value_at_risk"]["value"]

    def test_a_short_holding_loses_what_a_long_one_gains(self) -> None:
        short = {**HOLDING["holding"], "contracts": -2.0}
        long_points = pose(HOLDING).problem["points"]
        short_points = pose({**HOLDING, "holding": short}).problem["points"]
        assert short_points == pytest.approx([-2 * point for point in reversed(long_points)])

    def test_figures_of_ten_known_days(self) -> None:
        losses = np.array([-3.0, 1.0, 5.0, -2.0, 4.0, 0.0, 2.0, -1.0, 3.0, 10.0])
        assert _historical(losses, 0.8) == pytest.approx((4.0, 4.0 + (1.0 + 6.0) / 10 / 0.2))
        assert _historical(losses, 0.9)[0] == 5.0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"backend": "subspace"}, "backend"),
        ({"backend": "ibm:fez"}, "backend"),
        ({"accuracy": 1e-9}, "accuracy"),
        ({"accuracy": 1e-5, "qubits": 10}, "accuracy"),
        ({"estimator": "canonical", "accuracy": 1e-4}, "accuracy"),
        ({"option": {**OPTION["option"], "volatility": 1e9}}, "option.volatility"),
        ({"option": {**OPTION["option"], "years": 1e-9}}, "option.volatility"),
        (
            {"option": {**OPTION["option"], "rate": 1.0, "volatility": 0.01, "years": 100.0}},
            "option.rate",
        ),
    ],
)
def test_what_cannot_be_carried_out_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pose({**OPTION, **changes})
    assert caught.value.context["field"] == field


def test_too_few_settlements_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput) as caught:
        pose({**HOLDING, "holding": {**HOLDING["holding"], "window_days": 2000}})
    assert caught.value.context["field"] == "window_days"
