"""Submit runs over HTTP into a real database: what is stored, answered at once, and refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pytest

from core.run_life import Step
from core.runs import DEFAULT_ORG, MANAGER, RunStatus
from storage import runs

if TYPE_CHECKING:
    import httpx

    from serve.services import Services
    from tests.on_postgres.serve.conftest import ToldRuns

pytestmark = pytest.mark.postgres

ASKED: dict[str, Any] = {
    "products": ["CL"],
    "choose": 2,
    "of": 4,
    "window_days": 30,
    "source": "import:test",
}
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


def prices(days: int = 45, last: float = 0.0) -> str:
    """Return a settlement file of six positions of crude on business days."""
    rng = np.random.default_rng(5)
    dates = np.arange(np.datetime64("2024-01-02"), np.datetime64("2024-06-30"))
    dates = dates[np.is_busday(dates)][:days]
    walk = np.round(80 + rng.normal(0, 1, (len(dates), 6)).cumsum(axis=0), 2)
    rows = [
        f"{day},CL,{position + 1},{walk[row, position] + (last if row == days - 1 else 0):.2f}"
        for row, day in enumerate(dates)
        for position in range(6)
    ]
    return "date,product,position,settlement\n" + "\n".join(rows) + "\n"


@pytest.fixture
async def priced(client: "httpx.AsyncClient") -> "httpx.AsyncClient":
    answer = await client.post("/v1/settlements/imports", params={"name": "test"}, content=prices())
    assert '"event":"done"' in answer.text, answer.text
    return client


async def submit(
    client: "httpx.AsyncClient", headers: dict[str, str] | None = None, **changes: Any
) -> "httpx.Response":
    body = {"kind": "portfolio", "specification": ASKED, **changes}
    return await client.post("/v1/runs", json=body, headers=headers or {})


async def succeed(services: "Services", run_id: str, result: dict[str, Any]) -> None:
    """End a run as the RunManager does."""
    steps = [
        Step.into(status, who=MANAGER)
        for status in (RunStatus.PLANNING, RunStatus.RUNNING, RunStatus.SUCCEEDED)
    ]
    async with services.pools.system() as connection:
        await runs.take_steps(
            connection, DEFAULT_ORG, UUID(run_id), steps, NOW, plan={"chunks": 1}, result=result
        )


async def count_runs(services: "Services") -> int:
    async with services.pools.read(DEFAULT_ORG) as connection:
        return int(await connection.fetchval("SELECT count(*) FROM runs"))


async def settle() -> None:
    """Let what was begun in the background end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_run_is_posed_stored_and_told_of(
    priced: "httpx.AsyncClient", told: "ToldRuns"
) -> None:
    deadline = "2031-01-05T14:00:00+02:00"
    answer = await submit(priced, priority=2, deadline=deadline, labels=["eod", "desk"])
    await settle()
    run = answer.json()
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/runs/{run['run_id']}"
    assert told.submitted == [UUID(run["run_id"])]
    assert (run["kind"], run["status"], run["backend"], run["seed"]) == (
        "portfolio",
        "queued",
        "auto",
        7,
    )
    assert (run["code_version"], run["priority"]) == ("1", 2)
    assert run["submitted_by"].startswith("key:")
    assert run["deadline"] == "2031-01-05T12:00:00Z"
    assert run["labels"] == ["eod", "desk"]
    assert run["vintage"].startswith("import:test@")
    assert run["specification"]["as_of"] == "2024-03-04"
    assert run["problem"]["labels"] == ["CL01", "CL02", "CL03", "CL04"]
    assert (await priced.get(answer.headers["location"])).json() == run


async def test_without_a_source_the_live_one_is_meant(priced: "httpx.AsyncClient") -> None:
    asked = {name: value for name, value in ASKED.items() if name != "source"}
    run = (await submit(priced, specification=asked)).json()
    assert run["specification"]["source"] == "import:test"


async def test_a_manager_that_is_away_hinders_no_submission(
    priced: "httpx.AsyncClient", told: "ToldRuns"
) -> None:
    told.is_away = True
    answer = await submit(priced)
    await settle()
    assert answer.status_code == 202
    assert (await priced.get(answer.headers["location"])).json()["status"] == "queued"


async def test_an_identical_finished_run_answers_at_once_unless_fresh(
    priced: "httpx.AsyncClient", services: "Services", told: "ToldRuns"
) -> None:
    first = (await submit(priced)).json()
    again = await submit(priced)
    assert (again.status_code, again.json()["run_id"] != first["run_id"]) == (202, True)
    await succeed(services, first["run_id"], {"objective": -1.0})
    answered = await submit(priced, labels=["another label"])
    await settle()
    assert answered.status_code == 200
    assert answered.json()["run_id"] == first["run_id"]
    assert answered.json()["result"] == {"objective": -1.0}
    fresh = await submit(priced, fresh=True)
    assert fresh.status_code == 202
    other = await submit(priced, specification={**ASKED, "seed": 8})
    assert other.status_code == 202
    await settle()
    assert len(told.submitted) == 4


async def test_new_prices_make_another_run(
    priced: "httpx.AsyncClient", services: "Services"
) -> None:
    first = (await submit(priced)).json()
    await succeed(services, first["run_id"], {"objective": -1.0})
    changed = await priced.post(
        "/v1/settlements/imports",
        params={"name": "test", "revise": "true"},
        content=prices(last=1.0),
    )
    assert '"event":"done"' in changed.text
    assert (await submit(priced)).status_code == 202


async def test_one_idempotency_key_makes_one_run(
    priced: "httpx.AsyncClient", services: "Services", told: "ToldRuns"
) -> None:
    headers = {"Idempotency-Key": "only-one"}
    answers = await asyncio.gather(*(submit(priced, headers, fresh=True) for _ in range(4)))
    answers.append(await submit(priced, headers, fresh=True))
    await settle()
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert answers[-1].status_code == 202
    assert len({one.json()["run_id"] for one in answers if one.status_code == 202}) == 1
    assert len(told.submitted) == await count_runs(services) == 1
    other = await submit(priced, headers, fresh=True, labels=["x"])
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (
        422,
        "idempotency-key-reused",
    )


async def test_a_key_is_looked_at_before_a_stored_answer(
    priced: "httpx.AsyncClient", services: "Services"
) -> None:
    headers = {"Idempotency-Key": "first-come"}
    first = (await submit(priced, headers)).json()
    await succeed(services, first["run_id"], {"objective": -1.0})
    repeated = await submit(priced, headers)
    assert (repeated.status_code, repeated.json()) == (202, first)
    other = await submit(priced, headers, labels=["x"])
    assert other.status_code == 422
    assert other.json()["type"].endswith("/idempotency-key-reused")


@pytest.mark.parametrize("key", ["", "x" * 201], ids=len)
async def test_what_is_no_idempotency_key_makes_no_run(
    priced: "httpx.AsyncClient", services: "Services", key: str
) -> None:
    answer = await submit(priced, {"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["field"]) == (422, "idempotency-key")
    assert await count_runs(services) == 0


async def set_plan(services: "Services", plan: str) -> None:
    async with services.pools.system() as connection:
        await connection.execute(
            "UPDATE organisations SET plan = $2 WHERE org_id = $1", DEFAULT_ORG, plan
        )


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/validate"])
@pytest.mark.parametrize(
    ("changes", "field", "limit"),
    [
        ({"specification": {**ASKED, "shots": 100_001}}, "shots", 100_000),
        ({"priority": 1}, "priority", 0),
    ],
)
async def test_more_than_the_plan_allows_makes_no_run(
    priced: "httpx.AsyncClient",
    services: "Services",
    path: str,
    changes: dict[str, Any],
    field: str,
    limit: int,
) -> None:
    await set_plan(services, "free")
    body = {"kind": "portfolio", "specification": ASKED, **changes}
    answer = await priced.post(path, json=body)
    document = answer.json()
    assert answer.status_code == 422, document
    assert document["type"].endswith("/plan-limit-exceeded")
    assert (document["field"], document["limit"], document["plan"]) == (field, limit, "free")
    assert await count_runs(services) == 0


async def test_as_many_unfinished_runs_as_the_plan_allows(
    priced: "httpx.AsyncClient", services: "Services"
) -> None:
    await set_plan(services, "free")
    for number in range(20):
        answer = await submit(priced, fresh=True, specification={**ASKED, "seed": number})
        assert answer.status_code == 202
    refused = await submit(priced, fresh=True)
    assert (refused.status_code, refused.json()["limit"]) == (429, 20)
    assert await count_runs(services) == 20


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"of": 8}, "of"),
        ({"source": "import:none"}, "source"),
        ({"window_days": 200}, "window_days"),
        ({"as_of": "2001-01-02"}, "source"),
        ({"backend": "ibm:anything", "products": ["NG"]}, "source"),
    ],
    ids=str,
)
async def test_what_cannot_be_posed_makes_no_run(
    priced: "httpx.AsyncClient",
    services: "Services",
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    field: str,
) -> None:
    async def no_device(_backend: str, _services: Any) -> None:
        """Let every device pass, as when IBM is away."""

    monkeypatch.setattr("serve.submission._require_devices", no_device)
    answer = await submit(priced, specification={**ASKED, **changes})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert await count_runs(services) == 0


@pytest.mark.parametrize("deadline", ["9999-12-31T23:59:59-12:00", "2200-01-01T00:00:01Z"])
async def test_a_deadline_that_no_clock_reaches_makes_no_run(
    priced: "httpx.AsyncClient", services: "Services", deadline: str
) -> None:
    answer = await submit(priced, deadline=deadline)
    assert (answer.status_code, answer.json()["field"]) == (422, "deadline"), answer.text
    assert await count_runs(services) == 0


async def test_a_trial_says_where_and_how_long_and_stores_nothing(
    priced: "httpx.AsyncClient", services: "Services"
) -> None:
    body = {"kind": "portfolio", "specification": ASKED}
    answer = await priced.post("/v1/runs/validate", json=body)
    trial = answer.json()
    assert answer.status_code == 200, trial
    assert trial["specification"]["as_of"] == "2024-03-04"
    assert (trial["qubits"], trial["shots"], trial["plan"]) == (4, 4096, "team")
    assert trial["estimated_s"] > 0
    assert trial["backend"] in {item["backend"] for item in trial["choice"]["considered"]}
    assert trial["why"]
    assert await count_runs(services) == 0


async def test_a_run_is_cancelled_even_if_the_manager_is_away(
    priced: "httpx.AsyncClient", told: "ToldRuns", services: "Services"
) -> None:
    run = (await submit(priced)).json()
    path = f"/v1/runs/{run['run_id']}/cancel"
    told.is_away = True
    answer = await priced.post(path)
    assert (answer.status_code, answer.json()["cancel_requested"]) == (202, True)
    told.is_away = False
    assert (await priced.post(path)).status_code == 202
    assert told.cancelled == [UUID(run["run_id"])]
    async with services.pools.system() as connection:
        step = Step.into(RunStatus.CANCELLED, who=MANAGER)
        await runs.take_steps(connection, DEFAULT_ORG, UUID(run["run_id"]), [step], NOW)
    refused = await priced.post(path)
    assert (refused.status_code, refused.json()["status"]) == (409, 409)
    assert (await priced.post(f"/v1/runs/{UUID(int=3)}/cancel")).status_code == 404


async def test_lists_are_filtered_and_paged(
    priced: "httpx.AsyncClient", services: "Services"
) -> None:
    made = []
    for number in range(5):
        answer = await submit(
            priced,
            fresh=True,
            specification={**ASKED, "seed": number, "backend": "aer" if number % 2 else "auto"},
            labels=[f"label-{number % 2}"],
        )
        made.append(answer.json()["run_id"])
    await succeed(services, made[0], {"objective": 1.0})

    async def listed(**params: Any) -> list[str]:
        answer = await priced.get("/v1/runs", params=params)
        assert answer.status_code == 200, answer.text
        assert all(item["problem"] is item["result"] is None for item in answer.json()["items"])
        return [item["run_id"] for item in answer.json()["items"]]

    newest = list(reversed(made))
    assert await listed() == newest
    assert await listed(status="succeeded") == [made[0]]
    assert await listed(status=["queued", "succeeded"], kind=["portfolio", "sweep"]) == newest
    assert await listed(kind="circuit") == []
    assert await listed(backend="aer") == [made[3], made[1]]
    assert await listed(label="label-1", status="queued") == [made[3], made[1]]
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert await listed(created_before=soon, created_from="2020-01-01") == newest
    assert await listed(created_from=soon) == []
    pages, before = [], None
    while True:
        params = {"limit": 2} | ({} if before is None else {"before": before})
        page = (await priced.get("/v1/runs", params=params)).json()
        pages += [item["run_id"] for item in page["items"]]
        before = page["next_before"]
        if before is None:
            break
    assert pages == newest
    assert (await priced.get("/v1/runs", params={"before": str(UUID(int=3))})).status_code == 422
