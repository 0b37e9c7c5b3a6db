"""Own which devices the sandbox has: real ones as the vendor's package recorded them.

The files are read where the package lies, without importing it, which would take four seconds.
"""

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PACKAGE = "qiskit_ibm_runtime"
_PREFIX = "ibm_"
DEVICES = ("ibm_fez", "ibm_torino", "ibm_sherbrooke", "ibm_manila")


def recorded_name(device: str) -> str:
    """Return what the package calls a device in its folders."""
    return device.removeprefix(_PREFIX)


def summary(device: str, queue_length: int, is_online: bool) -> dict[str, Any]:
    """Return what the list of backends says of a device."""
    recorded = configuration(device)
    return {
        "name": device,
        "status": {"name": "online" if is_online else "offline", "reason": "available"},
        "is_simulator": False,
        "qubits": recorded["n_qubits"],
        "queue_length": queue_length,
        "processor_type": recorded.get("processor_type", {}),
    }


def configuration(device: str) -> dict[str, Any]:
    """Return the configuration of a device."""
    recorded = _recorded("conf", recorded_name(device))
    return {**recorded, "backend_name": device, "simulator": False}


def properties(device: str) -> dict[str, Any]:
    """Return the calibration of a device, as of the day when it was recorded."""
    return {**_recorded("props", recorded_name(device)), "backend_name": device}


@lru_cache(maxsize=2 * len(DEVICES))
def _recorded(kind: str, name: str) -> dict[str, Any]:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        message = f"{_PACKAGE} is not installed"
        raise ModuleNotFoundError(message)
    folder = Path(spec.origin).parent / "fake_provider" / "backends" / name
    values: dict[str, Any] = json.loads((folder / f"{kind}_{name}.json").read_text())
    return values
