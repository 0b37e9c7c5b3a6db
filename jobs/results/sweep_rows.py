"""Own the rows of a sweep's result: one for each point, with its classical company."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from core.backends import Backend, Family
from jobs.pieces import Done
from jobs.plans.stages import results_of
from jobs.plans.sweep_points import (
    CLASSICAL,
    COMPOSE,
    SAMPLE,
    SweepPoints,
    hardware_groups,
    scored_points,
)
from jobs.results.outcomes import Tally, tally
from quant.subset_problem import SubsetProblem

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_IN_RESULT = 1_000
"""Hold so many rows in the result itself; more are in its table only."""

_FACTS = ("circuit_depth", "two_qubit_gates", "physical_depth", "physical_two_qubit_gates")
_WHOLE = ("point", "depth", "seed", "evaluations", *_FACTS)
_WORDS = ("mixer", "backend", "gammas", "betas")

Row = dict[str, Any]
_Sampled = tuple[Tally, float, dict[str, Any]]


def rows_of(
    problem: SubsetProblem, points: SweepPoints, backends: Sequence[str], done: Done
) -> list[Row]:
    """Return one row for each point: backends slowest, then mixers, seeds and schedules.

    `expectation`, `approximation_ratio` and `probability_of_optimum` are exact and without noise;
    `sampled_expectation` is the mean of the shots that keep k ones, `feasible_fraction` their
    share, `best_objective` the best of them. What was not measured is None.
    """
    compared = done[CLASSICAL, 0]
    baselines = dict(zip(points.asked.seeds, compared["random_baselines"], strict=True))
    scored, sampled = scored_points(done), _sampled(problem, points, backends, done)
    rows = []
    for number in range(points.units * len(backends)):
        which, index = divmod(number, points.units)
        unit, exact = points.unit(index), scored[points.scored_index(index)]
        found, elapsed_s, facts = sampled[number]
        rows.append(
            {
                "point": number,
                "mixer": unit.mixer.value,
                "depth": points.depth_of(unit.schedule),
                "seed": unit.seed,
                "backend": backends[which],
                "gammas": exact["gammas"],
                "betas": exact["betas"],
                "expectation": exact["expectation"],
                "approximation_ratio": exact["approximation_ratio"],
                "probability_of_optimum": exact["probability_of_optimum"],
                "best_objective": found.objective,
                "sampled_expectation": found.mean,
                "feasible_fraction": found.feasible_fraction,
                "optimum": compared["optimum"]["objective"],
                "random_baseline": baselines[unit.seed]["objective"],
                "evaluations": exact["evaluations"],
                **{name: facts.get(name) for name in _FACTS},
                "elapsed_s": exact["elapsed_s"] + elapsed_s,
            }
        )
    return rows


def summary_of(rows: Sequence[Row], compared: dict[str, Any]) -> dict[str, Any]:
    """Return what a sweep found in all: its best points, and the rows while they are few."""
    measured = [row for row in rows if row["best_objective"] is not None]
    return {
        "points": len(rows),
        "best": max(rows, key=lambda row: float(row["approximation_ratio"])),
        "best_sampled": min(measured, key=lambda row: float(row["best_objective"]), default=None),
        "rows": list(rows) if len(rows) <= ROWS_IN_RESULT else None,
        "rows_are_in": "rows" if len(rows) <= ROWS_IN_RESULT else "the table, as CSV or Parquet",
        "classical_optimum": compared["optimum"],
        "worst_objective": compared["worst_objective"],
        "random_baselines": compared["random_baselines"],
    }


def table_of_rows(rows: Sequence[Row]) -> "pa.Table":
    """Return the rows as a table; angles are JSON lists, as CSV has none of its own."""
    import pyarrow as pa

    columns = {name: [row[name] for row in rows] for name in rows[0]}
    for name in ("gammas", "betas"):
        columns[name] = [json.dumps(angles) for angles in columns[name]]
    types = {**dict.fromkeys(columns, "float64"), **dict.fromkeys(_WHOLE, "int64")}
    types |= dict.fromkeys(_WORDS, "string")
    return pa.table(columns, pa.schema(list(types.items())))


def _sampled(
    problem: SubsetProblem, points: SweepPoints, backends: Sequence[str], done: Done
) -> list[_Sampled]:
    """Return what was drawn of each point, the seconds that took, and the facts of its circuit."""
    if Backend.parse(backends[0]).family is Family.IBM:
        found = dict(_from_hardware(problem, points, done))
        return [found[index] for index in range(points.units)]
    return [
        (Tally.from_json(point), point["elapsed_s"], chunk["facts"][point["circuit"]] or {})
        for chunk in results_of(done, SAMPLE)
        for point in chunk["points"]
    ]


def _from_hardware(
    problem: SubsetProblem, points: SweepPoints, done: Done
) -> Iterator[tuple[int, _Sampled]]:
    for index, units in enumerate(hardware_groups(points)):
        chunk = done[SAMPLE, index]
        facts = {
            **done[COMPOSE, index]["facts"],
            "physical_depth": chunk["isa_depth"],
            "physical_two_qubit_gates": chunk["two_qubit_gates"],
        }
        each_s = chunk["usage_s"] / len(units)
        for unit, counts in zip(units, chunk["counts"], strict=True):
            yield unit, (tally(problem, counts), each_s, facts)
