"""Own how the vendor's values become ours: counts, expectations, calibrations, times.

Pure, and imports nothing of the vendor: its values are read by their attributes.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from integrations.ibm.jobs import Device, JobEnd, JobStatus

_RAN_TOO_LONG = re.compile(r"Error code 1305|ran longer than maximum execution time")
_ACTIVE = "active"


def hex_counts(bits: Any) -> list[dict[str, int]]:
    """Return the counts of each row of a bit array, keyed as Aer does: `0x` and the outcome."""
    rows = [bits[place] for place in np.ndindex(bits.shape)]
    return [
        {hex(outcome): int(count) for outcome, count in sorted(row.get_int_counts().items())}
        for row in rows
    ]


def expectations(values: Any, observables: int) -> list[list[float]]:
    """Return expectations, or their errors, as one list of `observables` numbers a row."""
    table = np.asarray(values, dtype=np.float64).reshape(-1, observables)
    return [[float(value) for value in row] for row in table]


def device_of(name: str, qubits: int, status: Any) -> Device:
    """Describe a device by the vendor's status of it."""
    is_available = bool(status.operational) and status.status_msg == _ACTIVE
    return Device(
        name=name,
        qubits=qubits,
        is_available=is_available,
        reason="" if is_available else str(status.status_msg),
        queue_length=int(status.pending_jobs),
    )


def calibration_of(configuration: Any, properties: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what of a device settles a circuit's noise, JSON-ready.

    Per qubit T1 and T2 in µs and the readout error, per gate and qubits its error and its length
    in ns; null where the vendor does not say.
    """
    measured = properties or {}
    return {
        "version": configuration.backend_version,
        "qubits": configuration.n_qubits,
        "basis_gates": list(configuration.basis_gates),
        "calibrated_at": _text(measured.get("last_update_date")),
        "qubit_properties": [
            _parameters(qubit, ("T1", "T2", "readout_error"))
            for qubit in measured.get("qubits", [])
        ],
        "gates": [
            [
                gate["gate"],
                list(gate["qubits"]),
                *_parameters(gate["parameters"], ("gate_error", "gate_length")),
            ]
            for gate in measured.get("gates", [])
        ],
    }


def end_of(status: str, reason: str, metrics: Mapping[str, Any]) -> JobEnd:
    """Return how a job ended.

    Raises:
        ValueError: `status` is none that a job ends with.
    """
    usage = metrics.get("usage") or {}
    is_settled = usage.get("status", "pending") != "pending"
    times = metrics.get("timestamps") or {}
    created, running, finished = (
        _moment(times.get(name)) for name in ("created", "running", "finished")
    )
    return JobEnd(
        status=JobStatus(status),
        reason=" ".join(reason.split())[:500],
        ran_too_long=_RAN_TOO_LONG.search(reason) is not None,
        usage_s=float(usage.get("qpu_charge_time_seconds") or 0.0) if is_settled else None,
        waited_s=_between(created, running),
        elapsed_s=_between(running, finished),
    )


def _parameters(parameters: Iterable[Mapping[str, Any]], names: tuple[str, ...]) -> list[Any]:
    known = {parameter["name"]: parameter["value"] for parameter in parameters}
    return [known.get(name) for name in names]


def _text(moment: Any) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _between(start: datetime | None, end: datetime | None) -> float:
    return 0.0 if start is None or end is None else max(0.0, (end - start).total_seconds())
