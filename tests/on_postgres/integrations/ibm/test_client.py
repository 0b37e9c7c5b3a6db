"""Hold the vendor's own package against the sandbox over real sockets."""

import base64
import io
from collections.abc import Iterator

import pytest
from qiskit import QuantumCircuit, qpy
from qiskit.circuit import Parameter

from core.errors import BackendUnavailable, InvalidInput, NotFound
from integrations.ibm.client import IbmClient, Refused
from integrations.ibm.jobs import JobStatus, Work
from integrations.ibm.sandbox import app
from integrations.ibm.sandbox.devices import DEVICES
from integrations.sandbox_kit import FOREVER
from tests.ibm_vendor import RunningVendor, running_vendor, until

pytestmark = pytest.mark.postgres

DEVICE = "ibm_manila"


@pytest.fixture(scope="module")
def served() -> Iterator[RunningVendor]:
    with running_vendor() as vendor:
        yield vendor


@pytest.fixture(scope="module")
def shared_client(served: RunningVendor) -> IbmClient:
    return IbmClient(served.config())


@pytest.fixture
def vendor(served: RunningVendor) -> Iterator[RunningVendor]:
    yield served
    served.reset()


@pytest.fixture
def client(vendor: RunningVendor, shared_client: IbmClient) -> IbmClient:
    return shared_client


def encoded(circuit: QuantumCircuit) -> str:
    written = io.BytesIO()
    qpy.dump(circuit, written)
    return base64.b64encode(written.getvalue()).decode()


def rotated(*, measured: bool = True) -> str:
    """Turn one qubit by an angle and copy it to the next; a third angle changes nothing."""
    circuit = QuantumCircuit(3)
    angle, idle = Parameter("angle"), Parameter("idle")
    circuit.rx(angle, 0)
    circuit.cx(0, 1)
    circuit.x(2)
    if measured:
        circuit.rz(idle, 2)
        circuit.measure_all()
    return encoded(circuit)


def sampled(**changed: object) -> Work:
    values: dict[str, object] = {
        "device": DEVICE,
        "qpy": rotated(),
        "rows": [[0.0, 0.3], [3.14159265, 0.1]],
        "shots": 500,
        "seed": 7,
    }
    return Work(**{**values, **changed})  # type: ignore[arg-type]


def test_the_devices_are_listed_as_they_stand(vendor: RunningVendor, client: IbmClient) -> None:
    listed = {device.name: device for device in client.devices()}
    assert set(listed) == set(DEVICES)
    assert (listed[DEVICE].qubits, listed["ibm_fez"].qubits) == (5, 156)
    assert all(device.is_available for device in listed.values())
    vendor.faults.arm(app.OFFLINE, FOREVER)
    assert client.device(DEVICE).reason == "internal"
    assert not client.device(DEVICE).is_available


def test_an_unknown_device_names_those_that_there_are(client: IbmClient) -> None:
    with pytest.raises(InvalidInput, match="backend: no device 'ibm_none'; known are ibm_fez"):
        client.device("ibm_none")


def test_a_circuit_is_fitted_sent_carried_out_and_fetched(
    vendor: RunningVendor, client: IbmClient
) -> None:
    prepared = client.prepare(sampled())
    assert prepared.two_qubit_gates >= 1
    assert prepared.isa_depth > 3
    assert prepared.calibration["calibrated_at"].startswith("20")
    assert len(prepared.calibration["qubit_properties"]) == 5
    job_id = client.submit(prepared, tags=["counts", "all"], limit_s=30, batch=None)
    (job,) = vendor.tagged("counts")
    assert (job.program, job.cost_s, job.id) == ("executor", 30, job_id)
    end = until(lambda: client.end(job_id))
    assert end.status is JobStatus.DONE
    assert end.usage_s == job.quantum_s == 1.3
    assert [found.job_id for found in client.find("all")] == [job_id]
    assert client.unfinished("all") == []
    low, high = client.counts(job_id)
    assert sum(low.values()) == sum(high.values()) == 500
    assert max(low, key=low.__getitem__) == "0x4"
    assert max(high, key=high.__getitem__) == "0x7"


def test_expectations_come_back_by_row_and_observable(
    vendor: RunningVendor, client: IbmClient
) -> None:
    observables = ({"IZZ": 1.0, "ZII": 2.0}, {"IIZ": 1.0})
    work = sampled(
        qpy=rotated(measured=False),
        rows=[[0.0], [3.14159265]],
        shots=None,
        precision=0.05,
        observables=observables,
    )
    job_id = client.submit(client.prepare(work), tags=["values"], limit_s=60, batch=None)
    until(lambda: client.end(job_id))
    (low, high), errors = client.values(job_id, len(observables))
    assert all(0.0 <= error < 0.3 for row in errors for error in row)
    assert low == pytest.approx([-1.0, 1.0], abs=0.35)
    assert high == pytest.approx([-1.0, -1.0], abs=0.35)


def test_a_batch_keeps_jobs_together_until_it_is_closed(
    vendor: RunningVendor, client: IbmClient
) -> None:
    vendor.faults.arm(app.STALLED, FOREVER)
    batch = client.open_batch(DEVICE)
    prepared = client.prepare(sampled(qpy=encoded(_bell()), rows=[[], []]))
    first = client.submit(prepared, tags=["batched"], limit_s=30, batch=batch)
    assert {job.session_id for job in vendor.tagged("batched")} == {batch}
    client.close_batch(batch)
    with pytest.raises(Refused, match="400"):
        client.submit(prepared, tags=["late"], limit_s=30, batch=batch)
    assert vendor.tagged("late") == []
    assert vendor.sandbox.store.sessions[batch].mode == "batch"
    client.cancel(first)
    vendor.faults.clear()
    end = client.end(first)
    assert end is not None
    assert end.status is JobStatus.CANCELLED
    client.cancel(first)


def _bell() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    return circuit


def test_a_failure_after_accepting_makes_duplicates_that_their_tag_finds(
    vendor: RunningVendor, client: IbmClient
) -> None:
    vendor.faults.arm(app.STALLED, FOREVER)
    vendor.faults.arm(app.ACCEPTED_BUT_ERROR, 1)
    prepared = client.prepare(sampled())
    job_id = client.submit(prepared, tags=["twice"], limit_s=30, batch=None)
    found = client.find("twice")
    assert len(found) == 2
    assert [job.job_id for job in found] == [job.id for job in vendor.tagged("twice")]
    assert found[1].job_id == job_id
    assert client.unfinished("twice") == found
    for job in found:
        client.cancel(job.job_id)


@pytest.mark.parametrize(
    ("fault", "status", "too_long"),
    [(app.FAILED, JobStatus.ERROR, False), (app.TOO_LONG, JobStatus.ERROR, True)],
)
def test_a_job_that_fails_says_why(
    vendor: RunningVendor, client: IbmClient, fault: str, status: JobStatus, too_long: bool
) -> None:
    vendor.faults.arm(fault)
    prepared = client.prepare(sampled(shots=10))
    job_id = client.submit(prepared, tags=["broken"], limit_s=30, batch=None)
    end = until(lambda: client.end(job_id))
    assert (end.status, end.ran_too_long) == (status, too_long)
    assert end.reason


def test_what_cannot_be_carried_out_is_refused_before_it_is_sent(
    vendor: RunningVendor, client: IbmClient
) -> None:
    before = len(vendor.jobs)
    with pytest.raises(Refused, match="the circuit measures nothing"):
        client.prepare(sampled(qpy=rotated(measured=False), rows=[[0.0]]))
    wide = QuantumCircuit(6)
    wide.h(range(6))
    wide.measure_all()
    with pytest.raises(Refused, match="qubits"):
        client.prepare(sampled(qpy=encoded(wide), rows=[[]]))
    assert len(vendor.jobs) == before


def test_an_unknown_job_is_not_found(vendor: RunningVendor, client: IbmClient) -> None:
    with pytest.raises(NotFound):
        client.end("none")


def test_a_vendor_that_refuses_or_fails_is_unavailable(
    vendor: RunningVendor, client: IbmClient
) -> None:
    vendor.faults.arm("unauthorized", FOREVER)
    with pytest.raises(BackendUnavailable):
        client.device(DEVICE)
    vendor.faults.clear()
    assert client.device(DEVICE).is_available
    vendor.faults.arm("too_many_requests", FOREVER)
    with pytest.raises(BackendUnavailable):
        client.find("none")
    vendor.faults.clear()
    assert client.find("none") == []
