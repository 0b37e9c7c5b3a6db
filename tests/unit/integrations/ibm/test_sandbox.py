"""Check the sandbox's devices, account and jobs without a socket; its wire is tested with one."""

import json
import subprocess
import sys
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from core.clock import SystemClock
from integrations.ibm.config import API_PATH
from integrations.ibm.sandbox import accounts, devices
from integrations.ibm.sandbox.app import OFFLINE, SLOW, IbmSandbox, SandboxConfig
from integrations.ibm.sandbox.jobs import Job, JobStore

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("device", "qubits"),
    [("ibm_fez", 156), ("ibm_torino", 133), ("ibm_sherbrooke", 127), ("ibm_manila", 5)],
)
def test_devices_are_as_the_vendors_package_recorded_them(device: str, qubits: int) -> None:
    configuration, properties = devices.configuration(device), devices.properties(device)
    assert (configuration["backend_name"], configuration["n_qubits"]) == (device, qubits)
    assert len(properties["qubits"]) == qubits
    assert devices.summary(device, 3, is_online=False)["status"]["name"] == "offline"


def test_a_start_imports_nothing_of_the_simulators() -> None:
    program = (
        "import sys, integrations.ibm.sandbox.app, actors.qpu; "
        "print([m for m in ('qiskit', 'qiskit_aer', 'qiskit_ibm_runtime') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


def test_a_token_is_a_web_token_and_expires() -> None:
    account = accounts.Account("k", 60)
    given = account.token("k", 1000)
    assert account.token("wrong", 1000) is None
    assert given is not None
    claims = given["access_token"].split(".")[1]
    read = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert (read["iat"], read["exp"]) == (1000, 1060)
    bearer = f"Bearer {given['access_token']}"
    assert account.admits(bearer, 1059)
    assert not account.admits(bearer, 1060)
    assert account.admits("apikey k", 5000)
    assert not account.admits("apikey other", 0)
    assert not account.admits("", 0)


def made(number: int, **changed: Any) -> Job:
    values: dict[str, Any] = {
        "id": f"j{number}",
        "program": "executor",
        "device": "ibm_fez",
        "params": {},
        "tags": ("all", f"t{number}"),
        "session_id": None,
        "cost_s": None,
        "created": NOW + timedelta(seconds=number),
    }
    return Job(**{**values, **changed})


def test_jobs_are_listed_by_page_tag_state_and_time() -> None:
    listed = [made(0, status="Completed"), made(1), made(2, device="ibm_torino"), made(3)]
    store = JobStore(jobs={job.id: job for job in listed})

    def found(tags: tuple[str, ...] = (), **query: str) -> list[str]:
        return [job["id"] for job in store.page(query, tags)["jobs"]]

    assert found() == ["j3", "j2", "j1", "j0"]
    assert found(sort="ASC", limit="2", offset="1") == ["j1", "j2"]
    assert store.page({"limit": "1"}, ())["count"] == 4
    assert found(("all", "t1")) == ["j1"]
    assert found(pending="false") == ["j0"]
    assert found(pending="true", backend="ibm_torino") == ["j2"]
    assert found(created_after=(NOW + timedelta(seconds=2)).isoformat()) == ["j3", "j2"]
    assert found(created_before=NOW.isoformat()) == ["j0"]
    assert store.waiting("ibm_fez") == 2


@pytest.fixture
def sandbox() -> IbmSandbox:
    return IbmSandbox(SandboxConfig(seed=1, clock=SystemClock(), api_key="k", slow_s=0.0))


async def asked(
    sandbox: IbmSandbox, method: str, path: str, key: str = "k", **content: Any
) -> httpx.Response:
    transport = httpx.ASGITransport(app=sandbox.app())
    headers = {"Authorization": f"apikey {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        return await client.request(method, path, headers=headers, **content)


async def test_a_wrong_key_is_refused_everywhere(sandbox: IbmSandbox) -> None:
    for path in ("/backends", "/jobs", "/instances/usage"):
        assert (await asked(sandbox, "GET", API_PATH + path, key="x")).status_code == 401
    wrong = await asked(sandbox, "POST", "/identity/token", data={"apikey": "x"})
    assert wrong.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/backends/ibm_none/configuration", {}, 404),
        ("GET", "/jobs/none", {}, 404),
        ("GET", "/jobs?limit=x", {}, 400),
        ("POST", "/jobs", {"content": b"{"}, 400),
        ("POST", "/jobs", {"json": []}, 400),
        ("POST", "/jobs", {"json": {"program_id": "none"}}, 404),
        ("POST", "/jobs", {"json": {"program_id": "sampler", "backend": "none"}}, 404),
        ("POST", "/jobs", {"json": {"tags": ["t" * 87]}}, 400),
        ("POST", "/sessions", {"json": {"backend": "none"}}, 404),
        ("GET", "/sessions/none", {}, 404),
    ],
)
async def test_what_cannot_be_is_refused(
    sandbox: IbmSandbox, method: str, path: str, content: dict[str, Any], status: int
) -> None:
    answer = await asked(sandbox, method, API_PATH + path, **content)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["message"]


async def test_faults_spoil_what_they_are_named_after(sandbox: IbmSandbox) -> None:
    sandbox.faults.arm("server_error")
    assert (await asked(sandbox, "GET", f"{API_PATH}/backends")).status_code == 500
    sandbox.faults.arm(SLOW)
    assert (await asked(sandbox, "GET", f"{API_PATH}/backends")).status_code == 200
    assert sandbox.faults.happened[SLOW] == 1
    sandbox.faults.arm(OFFLINE)
    status = await asked(sandbox, "GET", f"{API_PATH}/backends/ibm_fez/status")
    assert status.json()["status"] == "internal"
    state = (await asked(sandbox, "GET", "/_sandbox/state")).json()
    assert state["calls"][f"GET {API_PATH}/backends/{{device}}/status"] == 1
