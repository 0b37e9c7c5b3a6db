"""Carry whole runs of brought circuits out in this process, as the RunManager would."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from qiskit import QuantumCircuit

from core.asked import Asked
from core.backends import Backend
from core.runs import RunKind
from core.specifications import specification_from_json
from jobs.backends.choice import choose
from jobs.kinds import kind_of
from jobs.remote import TASK_BODIES
from jobs.tasks.program_facts import circuit_facts
from jobs.workers import body_named

MEMORY = 2 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Hold a run as it was carried out: its plan, chunks, result and table."""

    specification: Asked
    problem: dict[str, Any]
    plan: dict[str, Any]
    done: dict[tuple[str, int], dict[str, Any]]
    result: dict[str, Any]
    table: pa.Table


CarryOut = Callable[..., Carried]


def stored(value: Any) -> Any:
    """Return a value as the database gives it back: JSON, its keys in another order."""
    return json.loads(json.dumps(value, sort_keys=True, allow_nan=False))


@pytest.fixture
def carry_out() -> CarryOut:
    """Return a function that carries a run out; `edges` and `block_edges` group it otherwise."""

    def run(
        kind_name: str, circuit: QuantumCircuit, values: dict[str, Any], **grouped: list[int]
    ) -> Carried:
        asked = specification_from_json(kind_name, {"program": "as given", **values})
        kind = kind_of(RunKind(kind_name))
        problem = stored(kind.pose(asked, None, circuit_facts(circuit)).problem)
        specification = specification_from_json(kind_name, stored(asked.to_json()))
        backend = Backend.parse(values.get("backend", "auto"))
        choice = choose(kind.workload(specification, problem), backend, MEMORY)
        plan = stored({**kind.plan(specification, problem, choice), **grouped})
        shared = kind.shared(specification, problem, plan)
        done: dict[tuple[str, int], dict[str, Any]] = {}
        while pieces := kind.pieces(specification, problem, plan, done):
            for piece in reversed(pieces):
                body = body_named(TASK_BODIES[piece.task])
                done[(piece.stage, piece.index)] = stored(body(shared, *piece.arguments))
        result = stored(kind.assemble(specification, problem, plan, done))
        return Carried(
            specification=specification,
            problem=problem,
            plan=plan,
            done=done,
            result=result,
            table=kind.table(specification, problem, result, done),
        )

    return run
