"""Own amplitude runs: tail risk of a holding, or an option's value, by amplitude estimation."""

from collections.abc import Mapping, Sequence
from math import exp, sqrt
from statistics import stdev
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.backends import Backend, Family
from core.errors import InvalidInput
from core.specifications.amplitude import AmplitudeSpecification, Holding, Measure, Option
from core.specifications.contracts import ContractWindow
from jobs.backends.choice import Choice, Workload
from jobs.kinds.kind import Kind, ParsedCircuit, Posed
from jobs.pieces import Done, Piece
from jobs.plans.amplitude_sizes import schedule_of, workload_of
from jobs.plans.histories import Series, dollar_changes, require_loaded
from jobs.plans.stages import missing, results_of
from jobs.results.tables import table_of
from quant.quantum.estimation.distributions import Distribution, from_samples, lognormal
from storage.settlement_windows import HistoryRequest, LoadedHistories

if TYPE_CHECKING:
    import pyarrow as pa

Reals = NDArray[np.float64]

LEAST_DEVIATION, MOST_DEVIATION, MOST_GROWTH = 1e-4, 4.0, 10.0
GRID_WIDTH = 6.0
"""Carry prices up to so many deviations above the mean: beyond 3 lies up to a fifth of a value."""

ESTIMATE, COMPARE = "estimate", "compare"
LEVEL_TOLERANCE = 1e-9  # a share of days may fall short of a level that it equals by rounding


class AmplitudeKind:
    """Estimate once for each repetition, then draw classically as often as it called its oracle.

    Values are dollars: a holding's loss in a day is above 0 where it lost, an option's value is
    discounted.
    """

    def histories(self, specification: AmplitudeSpecification) -> HistoryRequest | None:
        holding = specification.holding
        if holding is None:
            return None
        return HistoryRequest(
            products=(holding.product,),
            positions=holding.position,
            source=_window(holding).settled_source,
            as_of=holding.as_of,
            days=holding.window_days,
        )

    def pose(
        self,
        specification: AmplitudeSpecification,
        loaded: LoadedHistories | None,
        circuit: ParsedCircuit | None,
    ) -> Posed:
        """Settle the distribution that circuits carry.

        Raises:
            InvalidInput: the backend samples no such circuits, the accuracy takes too large ones,
                or the settlements do not suffice; names the field.
        """
        del circuit
        _require_sampler(specification.backend)
        workload_of(specification)
        if specification.holding is not None:
            return _pose_holding(specification, specification.holding, require_loaded(loaded))
        if specification.option is None:
            raise InvalidInput(field="option", reason="expected one, or a holding")
        return _pose_option(specification, specification.option)

    def workload(self, specification: AmplitudeSpecification, problem: dict[str, Any]) -> Workload:
        del problem
        return workload_of(specification)

    def plan(
        self, specification: AmplitudeSpecification, problem: dict[str, Any], choice: Choice
    ) -> dict[str, Any]:
        """Settle that each repetition is a chunk, with seeds of its own, and one compares."""
        del problem
        return {
            "choice": choice.to_json(),
            "backend": str(choice.backend),
            "method": choice.method,
            "estimated_s": choice.seconds / specification.repetitions,
            "chunks": specification.repetitions + 1,
        }

    def shared(
        self,
        specification: AmplitudeSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
    ) -> dict[str, Any]:
        """Return the distribution, what is asked of it, and how circuits are simulated."""
        schedule = schedule_of(specification)
        return {
            "points": problem["points"],
            "probabilities": problem["probabilities"],
            "measure": specification.measure.value,
            "level": specification.level,
            "payoff": problem["payoff"],
            "estimator": specification.estimator.value,
            "accuracy": specification.accuracy,
            "alpha": specification.alpha,
            "powers": schedule.powers,
            "phase_qubits": schedule.phase_qubits,
            "shots": specification.shots,
            "seed": specification.seed,
            "backend": plan["backend"],
            "method": plan["method"],
        }

    def pieces(
        self,
        specification: AmplitudeSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> list[Piece]:
        """List the repetitions that are left; then the comparison, of as many draws as calls."""
        del problem
        estimates = [
            Piece(
                stage=ESTIMATE,
                index=index,
                task="amplitude_estimate",
                arguments=(index,),
                estimated_s=plan["estimated_s"],
            )
            for index in range(specification.repetitions)
        ]
        left = missing(estimates, done)
        if left:
            return left
        draws = tuple(found["oracle_calls"] for found in results_of(done, ESTIMATE))
        comparison = Piece(stage=COMPARE, index=0, task="amplitude_compare", arguments=(draws,))
        return missing([comparison], done)

    def assemble(
        self,
        specification: AmplitudeSpecification,
        problem: dict[str, Any],
        plan: dict[str, Any],
        done: Done,
    ) -> dict[str, Any]:
        """Put the repetitions beside the exact and the classical answer.

        Value and interval are those of the repetition with the median value, the lower of two.
        """
        found = results_of(done, ESTIMATE)
        compared = done[COMPARE, 0]
        middle = sorted(range(len(found)), key=lambda index: (found[index]["value"], index))[
            (len(found) - 1) // 2
        ]
        values = [each["value"] for each in found]
        exact = found[0]["exact"]
        held = [each["interval"][0] <= exact <= each["interval"][1] for each in found]
        return {
            **{key: found[middle][key] for key in ("value", "interval", "exact", "figures")},
            "unit": "USD",
            "measure": specification.measure.value,
            "subject": problem["subject"],
            "level": None if specification.measure is Measure.OPTION else specification.level,
            "median_repetition": middle,
            "spread": stdev(values) if len(values) > 1 else None,
            "coverage": sum(held) / len(held),
            "classical": {**problem["classical"], "value": _classical(problem, compared)},
            "monte_carlo": compared["draws"][middle],
            "estimator": specification.estimator.value,
            "accuracy": specification.accuracy,
            "alpha": specification.alpha,
            "distribution_qubits": specification.qubits,
            "qubits": max(each["qubits"] for each in found),
            "circuit_depth": max(each["circuit_depth"] for each in found),
            "two_qubit_gates": max(each["two_qubit_gates"] for each in found),
            "shots": sum(each["shots"] for each in found),
            "oracle_calls": sum(each["oracle_calls"] for each in found),
            "cost": 0,
            "seed": specification.seed,
            "backend": plan["backend"],
            "method": plan["method"],
            "why": plan["choice"]["why"],
            "repetitions": [
                {**each, "monte_carlo": drawn}
                for each, drawn in zip(found, compared["draws"], strict=True)
            ],
        }

    def table(
        self,
        specification: AmplitudeSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> "pa.Table":
        """Return one row for each repetition: its value, interval and cost beside the others'."""
        del specification, problem, done
        rows = result["repetitions"]
        return table_of(
            {
                "repetition": list(range(len(rows))),
                "value": [row["value"] for row in rows],
                "low": [row["interval"][0] for row in rows],
                "high": [row["interval"][1] for row in rows],
                "exact": [row["exact"] for row in rows],
                "monte_carlo": [row["monte_carlo"]["value"] for row in rows],
                "classical": [result["classical"]["value"]] * len(rows),
                "oracle_calls": [row["oracle_calls"] for row in rows],
                "shots": [row["shots"] for row in rows],
                "circuit_depth": [row["circuit_depth"] for row in rows],
            }
        )

    def programs(
        self,
        specification: AmplitudeSpecification,
        problem: dict[str, Any],
        result: dict[str, Any],
        done: Done,
    ) -> Sequence[Any]:
        """Return A of the last question that was asked, and the deepest circuit made of it."""
        from jobs.tasks.amplitudes import circuits_of  # Qiskit takes a second to import

        plan = {"backend": result["backend"], "method": result["method"]}
        deepest = max(each["deepest_power"] for each in result["repetitions"])
        return circuits_of(self.shared(specification, problem, plan), result["figures"], deepest)


def _require_sampler(backend: str) -> None:
    family = Backend.parse(backend).family
    if family is Family.SUBSPACE:
        raise InvalidInput(
            field="backend", reason="the subspace carries out QAOA only; ask for aer or auto"
        )
    if family is Family.IBM:
        raise InvalidInput(
            field="backend",
            reason="each round of an estimate depends on the last, and its circuits are deeper "
            "than hardware carries out; ask for aer, auto or aer:fake_<device>",
        )


def _pose_holding(
    specification: AmplitudeSpecification, holding: Holding, loaded: LoadedHistories
) -> Posed:
    series = Series(product=holding.product, position=holding.position, field="holding.position")
    changes = dollar_changes(_window(holding), [series], loaded)
    losses = -holding.contracts * changes.values[:, 0]
    if not np.ptp(losses) > 0:
        raise InvalidInput(field="holding", reason="its value changes by the same each day")
    filled = holding.model_copy(update={"as_of": changes.last})
    value_at_risk, shortfall = _historical(losses, specification.level)
    is_var = specification.measure is Measure.VALUE_AT_RISK
    return Posed(
        specification=specification.model_copy(update={"holding": filled}),
        problem={
            **_carried(from_samples(losses, qubits=specification.qubits)),
            **changes.to_json(),
            "subject": f"{holding.contracts:g} {series.label}",
            "payoff": None,
            "classical": {
                "method": "historical simulation",
                "value": value_at_risk if is_var else shortfall,
                "value_at_risk": value_at_risk,
                "expected_shortfall": shortfall,
            },
        },
        vintage=changes.vintage,
    )


def _pose_option(specification: AmplitudeSpecification, option: Option) -> Posed:
    _require_moderate(option)
    carried = lognormal(
        forward=option.spot * exp(option.rate * option.years),
        volatility=option.volatility,
        years=option.years,
        qubits=specification.qubits,
        width=GRID_WIDTH,
    )
    return Posed(
        specification=specification,
        problem={
            **_carried(carried),
            "subject": f"{option.kind} at {option.strike:g}",
            "payoff": option.to_json(),
            "classical": {"method": "Black's closed form", "value": None},
        },
        vintage=None,
    )


def _require_moderate(option: Option) -> None:
    """Refuse what no grid of float64 prices can carry."""
    deviation = option.volatility * sqrt(option.years)
    if not LEAST_DEVIATION <= deviation <= MOST_DEVIATION:
        raise InvalidInput(
            field="option.volatility",
            reason=f"expected {LEAST_DEVIATION} to {MOST_DEVIATION} over the years left, "
            f"was {deviation:g}",
        )
    if abs(option.rate * option.years) > MOST_GROWTH:
        raise InvalidInput(
            field="option.rate",
            reason=f"expected at most {MOST_GROWTH} over the years left, "
            f"was {option.rate * option.years:g}",
        )


def _carried(distribution: Distribution) -> dict[str, Any]:
    return {
        "points": distribution.points[:, 0].tolist(),
        "probabilities": distribution.probabilities.tolist(),
    }


def _historical(losses: Reals, level: float) -> tuple[float, float]:
    """Return value at risk and expected shortfall of the days themselves, each as likely.

    VaR is the least loss that a share `level` of days does not exceed; shortfall is
    VaR + E[(L − VaR)⁺]/(1 − level) (Rockafellar and Uryasev 2000).
    """
    ordered = np.sort(losses)
    shares = np.arange(1, len(ordered) + 1) / len(ordered)
    value_at_risk = float(ordered[int(np.argmax(shares >= level - LEVEL_TOLERANCE))])
    excess = float(np.maximum(losses - value_at_risk, 0.0).mean())
    return value_at_risk, value_at_risk + excess / (1 - level)


def _classical(problem: Mapping[str, Any], compared: Mapping[str, Any]) -> float:
    value = problem["classical"]["value"]
    return float(compared["closed_form"] if value is None else value)


def _window(holding: Holding) -> ContractWindow:
    return ContractWindow(
        products=(holding.product,),
        of=1,
        source=holding.source,
        as_of=holding.as_of,
        window_days=holding.window_days,
    )


KIND: Kind = AmplitudeKind()
