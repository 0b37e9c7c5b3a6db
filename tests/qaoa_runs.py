"""Carry runs of a kind out in this process, task by task, with histories made up by a seed."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import numpy as np
from qiskit import qpy

from core.asked import Asked
from core.backends import Backend, Method
from core.runs import RunKind
from core.specifications import specification_from_json
from jobs.aer.batches import sample
from jobs.aer.simulators import Simulation
from jobs.backends.choice import Choice, choose
from jobs.kinds import kind_of
from jobs.kinds.kind import Kind
from jobs.pieces import Piece, Target
from jobs.remote import TASK_BODIES
from jobs.workers import body_named
from quant.calendars import business_days, calendar_of
from quant.continuous import SettlementHistory
from storage.settlement_windows import HistoryRequest, LoadedHistories

TASK_BYTES = 1 << 32
CHOICE: dict[str, Any] = {
    "products": ["CL", "NG"],
    "choose": 2,
    "of": 6,
    "source": "import:made-up",
    "window_days": 60,
}


def loaded(request: HistoryRequest, seed: int = 1) -> LoadedHistories:
    """Draw prices of 2023 that share two factors."""
    random, made = np.random.default_rng(seed), []
    columns = request.positions + 2
    for code in request.products:
        days = tuple(business_days(date(2023, 3, 1), date(2023, 12, 29), calendar_of(code)))
        shared = random.normal(size=(len(days), 2)) @ random.normal(size=(2, columns))
        steps = shared + 0.3 * random.normal(size=(len(days), columns))
        made.append(
            SettlementHistory(product=code, dates=days, settlements=50 + steps.cumsum(axis=0))
        )
    return LoadedHistories(
        histories=tuple(made), recorded_until=datetime(2024, 1, 2, 8, 0, tzinfo=UTC)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Posed:
    """Hold a run that is about to be planned, as it would be stored."""

    kind: Kind
    specification: Asked
    problem: dict[str, Any]

    def choice(self, backend: str) -> Choice:
        workload = self.kind.workload(self.specification, self.problem)
        return choose(workload, Backend.parse(backend), TASK_BYTES)

    def plan(self, backend: str) -> dict[str, Any]:
        planned = self.kind.plan(self.specification, self.problem, self.choice(backend))
        return stored({**planned, "choice": self.choice(backend).to_json()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """Hold a run that was carried out, and the stages it went through."""

    posed: Posed
    plan: dict[str, Any]
    done: dict[tuple[str, int], dict[str, Any]]
    stages: list[list[str]]
    result: dict[str, Any]

    def rows(self) -> list[dict[str, Any]]:
        table = self.posed.kind.table(
            self.posed.specification, self.posed.problem, self.result, self.done
        )
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def programs(self) -> list[Any]:
        asked, problem = self.posed.specification, self.posed.problem
        return list(self.posed.kind.programs(asked, problem, self.result, self.done))


def stored(value: dict[str, Any]) -> dict[str, Any]:
    """Return what is left of a value that went through JSON."""
    kept: dict[str, Any] = json.loads(json.dumps(value, allow_nan=False))
    return kept


def pose(kind: RunKind, values: dict[str, Any]) -> Posed:
    """Pose what is asked from made-up histories."""
    carrier, asked = kind_of(kind), specification_from_json(kind, values)
    request = carrier.histories(asked)
    assert request is not None
    found = carrier.pose(asked, loaded(request), None)
    return Posed(kind=carrier, specification=found.specification, problem=stored(found.problem))


def carry_out(
    kind: RunKind,
    values: dict[str, Any],
    replan: Callable[[dict[str, Any]], dict[str, Any]] = lambda plan: plan,
) -> Carried:
    """Carry a run out; `replan` may group otherwise than the kind would."""
    posed = pose(kind, values)
    backends = values.get("backends", [values.get("backend", "auto")])
    plan = replan(posed.plan(backends[0] if len(backends) == 1 else "auto"))
    done: dict[tuple[str, int], dict[str, Any]] = {}
    stages = []
    while pieces := posed.kind.pieces(posed.specification, posed.problem, plan, done):
        assert not {(piece.stage, piece.index) for piece in pieces} & done.keys()
        shared = posed.kind.shared(posed.specification, posed.problem, plan)
        for piece in pieces:
            done[piece.stage, piece.index] = stored(_outcome(shared, piece))
        stages.append(sorted({piece.stage for piece in pieces}))
    result = posed.kind.assemble(posed.specification, posed.problem, plan, done)
    return Carried(posed=posed, plan=plan, done=done, stages=stages, result=stored(result))


def _outcome(shared: Any, piece: Piece) -> dict[str, Any]:
    if piece.target is Target.QPU:
        return _device(piece.arguments[0])
    return body_named(TASK_BODIES[piece.task])(shared, *piece.arguments)


def _device(request: dict[str, Any]) -> dict[str, Any]:
    """Do what a device without noise would: run the circuit that was sent."""
    circuit = qpy.load(BytesIO(b64decode(request["qpy"])))[0]
    simulation = Simulation(method=Method.STATEVECTOR)
    counts = sample(circuit, request["rows"], request["shots"], request["seed"], 0, simulation)
    return {
        "counts": counts,
        "job_id": "job-1",
        "isa_depth": circuit.depth(),
        "two_qubit_gates": circuit.num_nonlocal_gates(),
        "usage_s": 2.0,
        "calibrated_at": "2026-01-02T03:04:05Z",
    }
