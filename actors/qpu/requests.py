"""Own the frozen values that cross between runs and the actor that holds the QPU."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from core.runs import BackendSnapshot

Primitive = Literal["sampler", "estimator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QpuRequest:
    """Ask for one circuit at many points; (organisation, run, stage, index) name it for ever.

    `qpy` is the logical circuit in base64. `rows` hold its parameters in the circuit's own order.
    A sampler takes `shots` a row, an estimator the `precision` of each of the `observables`, maps
    from Pauli strings to coefficients. The job may use `budget_s` seconds of the device, which the
    month's budget must have left.
    """

    org_id: UUID
    run_id: UUID
    stage: str
    index: int
    device: str
    primitive: Primitive
    qpy: str
    rows: tuple[tuple[float, ...], ...]
    seed: int
    budget_s: int
    shots: int | None = None
    precision: float | None = None
    observables: tuple[dict[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QpuOutcome:
    """Hold what a device answered, JSON-ready, and the device as it was calibrated then.

    `result` has `counts`, one map from hexadecimal outcomes a row, or `values`, one list of
    expectations a row, with their `standard_errors`; `job_id`, `isa_depth`, `two_qubit_gates`,
    `usage_s`, `calibrated_at` and `source`.
    `waited_s` went by before the device began, `elapsed_s` until it had ended.
    """

    result: dict[str, Any]
    snapshot: BackendSnapshot
    waited_s: float
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QpuDevice:
    """Tell of one device of the account; `source` is `ibm` or `sandbox`."""

    name: str
    qubits: int
    is_available: bool
    reason: str
    queue_length: int
    source: str
