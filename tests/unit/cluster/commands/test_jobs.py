"""Check `heliostat jobs` against a client that answers as Ray's does."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cluster.local.ray_jobs import RayJobs
from cluster.main import app

STARTED_MS = 1_767_607_200_000


def details(job_id: str, status: str, **changes: Any) -> SimpleNamespace:
    known = {
        "submission_id": job_id,
        "status": status,
        "entrypoint": "python study.py",
        "message": f"Job is {status}.",
        "metadata": {"job_name": "study.py"},
        "start_time": STARTED_MS,
        "end_time": STARTED_MS + 2_500 if status in {"SUCCEEDED", "FAILED", "STOPPED"} else None,
        "driver_exit_code": {"SUCCEEDED": 0, "FAILED": 3}.get(status),
    }
    return SimpleNamespace(**{**known, **changes})


@dataclass
class FakeRay:
    """Hold jobs as Ray's submission client tells them; a submitted one ends as `ends`."""

    jobs: dict[str, SimpleNamespace] = field(default_factory=dict)
    ends: str = "SUCCEEDED"
    printed: tuple[str, ...] = ("one\n", "two\n")
    submitted: list[dict[str, Any]] = field(default_factory=list)
    refusal: Exception | None = None

    def submit_job(self, **asked: Any) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.submitted.append(asked)
        self.jobs["raysubmit_1"] = details("raysubmit_1", self.ends, entrypoint=asked["entrypoint"])
        return "raysubmit_1"

    def get_job_info(self, job_id: str) -> SimpleNamespace:
        if job_id not in self.jobs:
            message = f"Request failed with status code 404: Job {job_id} does not exist."
            raise RuntimeError(message)
        return self.jobs[job_id]

    def list_jobs(self) -> list[SimpleNamespace]:
        return list(self.jobs.values())

    def get_job_logs(self, job_id: str) -> str:
        self.get_job_info(job_id)
        return "".join(self.printed)

    async def tail_job_logs(self, _job_id: str) -> AsyncIterator[str]:
        for text in self.printed:
            yield text

    def stop_job(self, job_id: str) -> bool:
        return str(self.get_job_info(job_id).status) == "RUNNING"

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, ["jobs", *words], obj={"jobs": RayJobs(self)})


@pytest.fixture
def ray_side() -> FakeRay:
    return FakeRay()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.py"
    path.write_text("print('one')\n")
    return path


def test_a_script_is_sent_with_its_folder_and_its_words(ray_side: FakeRay, study: Path) -> None:
    done = ray_side.run("submit", str(study), "--", "--product", "C L", "-v")
    assert done.exit_code == 0, done.output
    assert done.stdout == "one\ntwo\n"
    assert done.stderr == "job raysubmit_1\n"
    assert ray_side.submitted == [
        {
            "entrypoint": "python study.py --product 'C L' -v",
            "runtime_env": {"working_dir": str(study.parent)},
            "metadata": {"job_name": "study.py"},
        }
    ]


def test_a_wider_working_directory_is_sent_whole(ray_side: FakeRay, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "study.py").touch()
    words = ("submit", str(tmp_path / "deep" / "study.py"), "--working-dir", str(tmp_path))
    done = ray_side.run(*words, "--no-wait")
    assert done.stdout == "raysubmit_1\n"
    assert ray_side.submitted[0]["entrypoint"] == "python deep/study.py"
    assert ray_side.submitted[0]["runtime_env"] == {"working_dir": str(tmp_path)}


@pytest.mark.parametrize("name", ["core", "heliostat"])
def test_a_folder_that_hides_our_packages_is_never_sent(
    name: str, ray_side: FakeRay, study: Path
) -> None:
    (study.parent / name).mkdir()
    done = ray_side.run("submit", str(study))
    assert done.exit_code == 2
    assert done.stderr.startswith("heliostat: --working-dir:")
    assert f"it holds {name}/, which Python would import in place of" in done.stderr
    assert ray_side.submitted == []


@pytest.mark.parametrize("given", ["missing.py", "study.txt", "."])
def test_what_is_no_script_is_refused(given: str, ray_side: FakeRay, tmp_path: Path) -> None:
    (tmp_path / "study.txt").touch()
    done = ray_side.run("submit", str(tmp_path / given))
    assert (done.exit_code, ray_side.submitted) == (2, [])
    assert "FILE: expected a Python script" in done.stderr


def test_a_script_outside_of_the_folder_is_refused(ray_side: FakeRay, study: Path) -> None:
    elsewhere = study.parent / "elsewhere"
    elsewhere.mkdir()
    done = ray_side.run("submit", str(study), "--working-dir", str(elsewhere))
    assert (done.exit_code, ray_side.submitted) == (2, [])
    assert "FILE: it does not lie in the folder" in done.stderr
    missing = ray_side.run("submit", str(study), "--working-dir", str(elsewhere / "x"))
    assert "--working-dir:" in missing.stderr


def test_a_folder_that_is_too_large_for_ray_is_bad_input(ray_side: FakeRay, study: Path) -> None:
    ray_side.refusal = ValueError("Package size (600MiB) exceeds the maximum size of 500MiB.\nMore")
    done = ray_side.run("submit", str(study))
    assert done.exit_code == 2
    assert done.stderr == f"heliostat: --working-dir: {str(ray_side.refusal).splitlines()[0]}\n"


@pytest.mark.parametrize("status", ["FAILED", "STOPPED"])
def test_a_job_that_does_not_succeed_costs_an_exit_code(
    status: str, ray_side: FakeRay, study: Path
) -> None:
    ray_side.ends = status
    done = ray_side.run("submit", str(study), "--json")
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["elapsed_s"]) == (status.lower(), 2.5)
    assert done.stderr.splitlines()[:3] == ["job raysubmit_1", "one", "two"]
    assert ray_side.run("logs", "raysubmit_1", "--follow").exit_code == 1


def test_jobs_are_listed_newest_first_without_other_drivers(ray_side: FakeRay) -> None:
    old = details("raysubmit_old", "SUCCEEDED")
    new = details("raysubmit_new", "RUNNING", start_time=STARTED_MS + 60_000)
    driver = details("", "RUNNING")
    ray_side.jobs = {"a": old, "b": driver, "c": new}
    listed = json.loads(ray_side.run("list", "--json").stdout)["items"]
    assert [job["job_id"] for job in listed] == ["raysubmit_new", "raysubmit_old"]
    assert listed[0]["started_at"] == "2026-01-05T10:01:00+00:00"
    only = json.loads(ray_side.run("list", "--limit", "1", "--json").stdout)["items"]
    assert [job["job_id"] for job in only] == ["raysubmit_new"]
    table = ray_side.run("list").stdout
    assert "raysubmit_old  succeeded  2026-01-05 10:00:00  2.5 s" in table


def test_logs_are_text_lines_or_a_stream_of_objects(ray_side: FakeRay) -> None:
    ray_side.jobs["raysubmit_1"] = details("raysubmit_1", "SUCCEEDED")
    assert ray_side.run("logs", "raysubmit_1").stdout == "one\ntwo\n"
    whole = json.loads(ray_side.run("logs", "raysubmit_1", "--json").stdout)
    assert whole == {"job_id": "raysubmit_1", "lines": ["one", "two"]}
    followed = ray_side.run("logs", "raysubmit_1", "--follow", "--json")
    assert [json.loads(line)["line"] for line in followed.stdout.splitlines()] == ["one", "two"]
    assert followed.exit_code == 0


@pytest.mark.parametrize(("status", "was_running"), [("RUNNING", True), ("SUCCEEDED", False)])
def test_stopping_says_whether_it_was_running(
    status: str, was_running: bool, ray_side: FakeRay
) -> None:
    ray_side.jobs["raysubmit_1"] = details("raysubmit_1", status)
    answer = json.loads(ray_side.run("stop", "raysubmit_1", "--json").stdout)
    assert (answer["was_running"], answer["status"]) == (was_running, status.lower())


@pytest.mark.parametrize("command", ["show", "logs", "stop"])
@pytest.mark.parametrize("job_id", ["raysubmit_2", "../../api/version", "a b"])
def test_unknown_ids_are_not_found(command: str, job_id: str, ray_side: FakeRay) -> None:
    done = ray_side.run(command, job_id)
    assert done.exit_code == 5
    assert done.stderr == f"heliostat: Job {job_id} does not exist.\n"


def test_a_ray_that_does_not_answer_is_no_stack(ray_side: FakeRay, study: Path) -> None:
    ray_side.refusal = ConnectionError("refused")
    done = ray_side.run("submit", str(study))
    assert done.exit_code == 3
    assert "does not answer" in done.stderr


def test_without_a_stack_nothing_is_sent(study: Path) -> None:
    words = ["jobs", "submit", str(study), "--data", str(study.parent / "none")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 3
    assert "No stack runs in" in done.stderr
