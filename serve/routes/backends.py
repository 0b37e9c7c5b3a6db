"""Own what runs may be carried out on, over HTTP."""

import asyncio
from collections.abc import Iterator
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from actors.qpu.requests import QpuDevice
from core.backends import FAKE_DEVICES, Backend, Family
from core.errors import HeliostatError
from core.identity import Permission
from serve.identity.access import needs
from serve.services import Services, ServicesOf

router = APIRouter(tags=["runs"], dependencies=[needs(Permission.RUNS_READ)])

ANSWER_WITHIN_S = 5.0
_DESCRIPTIONS = {
    Family.AUTO: "the cheapest exact one for the work",
    Family.SUBSPACE: "exact, on the states with k ones; for portfolios, hedges and the like",
    Family.AER: "Qiskit Aer without noise; the method is chosen for each circuit",
}


class BackendView(BaseModel):
    """Hold one backend; `qubits` is null where the method decides, `queue_length` off hardware.

    `status` is online or offline, and `reason` says why.
    """

    backend: str
    family: Family
    type: Literal["simulator", "noisy_simulator", "hardware"]
    description: str
    qubits: int | None = None
    status: Literal["online", "offline"] = "online"
    reason: str | None = None
    queue_length: int | None = None
    source: str | None = None


class HardwareView(BaseModel):
    """Tell whether the devices of IBM could be listed, and if not, why."""

    is_reachable: bool
    reason: str | None


class BackendList(BaseModel):
    """List what runs may be carried out on; without an answer of IBM, its devices are missing."""

    items: list[BackendView]
    ibm: HardwareView


@router.get("/backends")
async def list_backends(services: ServicesOf) -> BackendList:
    """List the simulators, the fake devices with their noise, and the devices of IBM."""
    devices, reason = await _devices(services)
    items = [*_simulators(), *_fakes(), *(_hardware(device) for device in devices)]
    return BackendList(items=items, ibm=HardwareView(is_reachable=reason is None, reason=reason))


async def _devices(services: Services) -> tuple[list[QpuDevice], str | None]:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            listed = await services.qpu.devices()
    except HeliostatError as error:
        return [], error.detail
    except TimeoutError:
        return [], f"no answer within {ANSWER_WITHIN_S:.0f} s"
    return sorted(listed, key=lambda device: device.name), None


def _simulators() -> Iterator[BackendView]:
    for family, description in _DESCRIPTIONS.items():
        yield BackendView(
            backend=str(family), family=family, type="simulator", description=description
        )


def _fakes() -> Iterator[BackendView]:
    for name, qubits in sorted(FAKE_DEVICES.items()):
        yield BackendView(
            backend=str(Backend(family=Family.AER, device=name)),
            family=Family.AER,
            type="noisy_simulator",
            description=f"Qiskit Aer with the recorded noise of {name.removeprefix('fake_')}",
            qubits=qubits,
        )


def _hardware(device: QpuDevice) -> BackendView:
    return BackendView(
        backend=str(Backend(family=Family.IBM, device=device.name)),
        family=Family.IBM,
        type="hardware",
        description="a device of IBM Quantum",
        qubits=device.qubits,
        status="online" if device.is_available else "offline",
        reason=device.reason or None,
        queue_length=device.queue_length,
        source=device.source,
    )
