"""Check how the vendor's values become ours."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.primitives import BitArray

from integrations.ibm.codec import calibration_of, device_of, end_of, expectations, hex_counts
from integrations.ibm.jobs import JobStatus
from integrations.ibm.sandbox import devices


@given(
    st.lists(st.lists(st.integers(0, 2**70 - 1), min_size=1, max_size=9), min_size=1, max_size=4)
)
def test_counts_are_those_of_the_shots_of_each_row(rows: list[list[int]]) -> None:
    shots = min(map(len, rows))
    rows = [row[:shots] for row in rows]
    bits = BitArray.from_samples([f"{outcome:070b}" for outcome in rows[0]], 70)
    assert hex_counts(bits) == [_counted(rows[0])]
    table = np.array([[list(outcome.to_bytes(9)) for outcome in row] for row in rows], np.uint8)
    assert hex_counts(BitArray(table, 70)) == [_counted(row) for row in rows]


def _counted(outcomes: list[int]) -> dict[str, int]:
    return {hex(outcome): outcomes.count(outcome) for outcome in set(outcomes)}


def test_expectations_are_rows_of_as_many_numbers_as_observables() -> None:
    values = np.arange(6.0).reshape(3, 2)
    assert expectations(values, 2) == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert expectations(np.float64(0.5), 1) == [[0.5]]


@pytest.mark.parametrize(
    ("operational", "said", "is_available"),
    [(True, "active", True), (True, "internal", False), (False, "active", False)],
)
def test_a_device_is_available_where_the_vendor_calls_it_active(
    operational: bool, said: str, is_available: bool
) -> None:
    status = SimpleNamespace(operational=operational, status_msg=said, pending_jobs=4)
    device = device_of("ibm_fez", 156, status)
    assert (device.is_available, device.queue_length) == (is_available, 4)
    assert device.reason == ("" if is_available else said)


def test_a_calibration_names_errors_and_times_of_every_qubit_and_gate() -> None:
    recorded = devices.configuration("ibm_manila")
    body = calibration_of(SimpleNamespace(**recorded), devices.properties("ibm_manila"))
    assert body["qubits"] == len(body["qubit_properties"]) == 5
    assert all(t1_us > 1 and 0 < error < 1 for t1_us, _, error in body["qubit_properties"])
    assert {"cx", "sx"} <= {gate for gate, *_ in body["gates"]}
    assert body["calibrated_at"] == devices.properties("ibm_manila")["last_update_date"]
    unmeasured = calibration_of(SimpleNamespace(**recorded), None)
    assert (unmeasured["qubit_properties"], unmeasured["calibrated_at"]) == ([], None)


def test_an_end_holds_times_and_usage_once_it_is_settled() -> None:
    metrics = {
        "timestamps": {
            "created": "2026-11-20T12:00:00Z",
            "running": "2026-11-20T12:00:05.5Z",
            "finished": "2026-11-20T12:00:07Z",
        },
        "usage": {"qpu_charge_time_seconds": 3, "status": "complete"},
    }
    end = end_of("DONE", "", metrics)
    assert (end.status, end.waited_s, end.elapsed_s, end.usage_s) == (JobStatus.DONE, 5.5, 1.5, 3.0)
    pending = end_of("DONE", "", {"usage": {"status": "pending"}})
    assert (pending.usage_s, pending.waited_s) == (None, 0.0)
    assert end_of("CANCELLED", "", {}).usage_s is None
    with pytest.raises(ValueError, match="RUNNING"):
        end_of("RUNNING", "", metrics)


@pytest.mark.parametrize(
    ("reason", "too_long"),
    [
        ("Job x has failed:\nError code 1305; Ran too long", True),
        ("Job x ran longer than maximum execution time. Job was cancelled:\n", True),
        ("Job x has failed:\nError code 8101; Internal error", False),
    ],
)
def test_a_reason_is_one_line_and_tells_of_a_job_that_ran_too_long(
    reason: str, too_long: bool
) -> None:
    end = end_of("ERROR", reason, {})
    assert end.ran_too_long is too_long
    assert "\n" not in end.reason
