"""Own a QpuActor beside the sandbox of its vendor."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from actors.qpu.actor import QpuActor, QpuConfig
from actors.qpu.requests import QpuRequest
from core.clock import SystemClock
from core.runs import DEFAULT_ORG
from storage import qpu
from storage.pool import Pools
from tests.ibm_vendor import RunningVendor

WITHIN_S = 100.0


@asynccontextmanager
async def acting(vendor: RunningVendor, database: Any, **changed: Any) -> AsyncIterator[QpuActor]:
    config = QpuConfig(
        client=vendor.config(),
        source="sandbox",
        owner=f"stack-{database.name}",
        database=database.urls,
        submissions_per_minute=600,
        poll_s=0.1,
    )
    actor = QpuActor.__new__(QpuActor)
    await actor.__init__(replace(config, **changed), SystemClock())  # type: ignore[misc,func-returns-value]
    try:
        yield actor
    finally:
        await actor.close()


def encoded() -> str:
    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("angle"), 0)
    circuit.cx(0, 1)
    circuit.measure_all()
    written = io.BytesIO()
    qpy.dump(circuit, written)
    return base64.b64encode(written.getvalue()).decode()


def asked(run_id: UUID | None = None, index: int = 0, **changed: Any) -> QpuRequest:
    request = QpuRequest(
        org_id=DEFAULT_ORG,
        run_id=run_id or uuid4(),
        stage="sample",
        index=index,
        device="ibm_manila",
        primitive="sampler",
        qpy=encoded(),
        rows=((0.0,), (3.14159265,)),
        seed=11,
        budget_s=20,
        shots=200,
    )
    return replace(request, **changed)


async def reached(check: Callable[[], Any]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not check():  # noqa: ASYNC110 - another process or thread tells of no event
            await asyncio.sleep(0.05)


async def intents(pools: Pools) -> list[qpu.Intent]:
    async with pools.system() as connection:
        rows = await connection.fetch("SELECT * FROM qpu_intents ORDER BY created_at")
    return [qpu._intent(row) for row in rows]


def mine(vendor: RunningVendor, intent: qpu.Intent) -> dict[str, str]:
    return {job.id: job.status for job in vendor.tagged(intent.tag)}
