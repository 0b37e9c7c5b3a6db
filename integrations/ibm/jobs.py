"""Own the values that go to the client and come from it; none of them is the vendor's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobStatus(StrEnum):
    """Name how a job ended."""

    DONE = "DONE"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """Tell of one device; `reason` says in the vendor's words why it is not available."""

    name: str
    qubits: int
    is_available: bool
    reason: str
    queue_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Hold one logical circuit (QPY in base64) at many points, for one primitive.

    `observables` None asks for counts of `shots` a row, else for expectations to `precision`.
    """

    device: str
    qpy: str
    rows: Sequence[Sequence[float]]
    seed: int
    shots: int | None = None
    precision: float | None = None
    observables: Sequence[Mapping[str, float]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Hold work in the device's own gates, ready to be sent; the first two are the vendor's.

    `calibration` is the device as it was measured when the circuit was fitted to it.
    """

    backend: Any
    pubs: tuple[Any, ...]
    is_estimate: bool
    shots: int | None
    precision: float | None
    isa_depth: int
    two_qubit_gates: int
    calibration: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """Name a job that the vendor lists."""

    job_id: str
    tags: tuple[str, ...]
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEnd:
    """Tell how and when a job ended; `usage_s` is None until the vendor has settled it."""

    status: JobStatus
    reason: str
    ran_too_long: bool
    usage_s: float | None
    waited_s: float
    elapsed_s: float
