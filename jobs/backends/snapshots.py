"""Own what is kept of a backend as it was when work was claimed."""

import json
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from core.backends import Backend, Family
from core.runs import BackendSnapshot

_PACKAGES: dict[Family, tuple[str, ...]] = {
    Family.SUBSPACE: ("heliostat-platform", "numpy", "numba"),
    Family.CLASSICAL: ("heliostat-platform", "numpy", "scipy", "numba", "arch"),
    Family.AER: ("heliostat-platform", "numpy", "qiskit", "qiskit-aer"),
    Family.IBM: ("heliostat-platform", "qiskit", "qiskit-ibm-runtime"),
}


def snapshot_of(backend: str, body: dict[str, Any]) -> BackendSnapshot:
    """Name a backend's state by the digest of its JSON-ready facts."""
    text = json.dumps([backend, body], sort_keys=True)
    return BackendSnapshot(digest=sha256(text.encode()).digest(), backend=backend, body=body)


def local_snapshot(choice: dict[str, Any]) -> BackendSnapshot:
    """Return the state of a chosen backend as this machine has it: the method and the versions.

    A fake device's calibration ships with its package, whose version therefore names it.
    """
    backend = Backend.parse(choice["backend"])
    packages = _PACKAGES[backend.family]
    if backend.family is Family.AER and backend.device is not None:
        packages = (*packages, "qiskit-ibm-runtime")
    versions = {name: _version(name) for name in packages}
    return snapshot_of(str(backend), {"method": choice["method"], "versions": versions})


@cache
def _version(package: str) -> str:
    return version(package)
