"""Submit researchers' scripts in both ways: through `heliostat jobs`, and through Ray's own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cluster.local.ports import PortPlan
from tests.on_ray.conftest import Stack, wait_for

pytestmark = pytest.mark.ray

SCRIPT = """
import json, sys
from heliostat import Client

with Client() as client:
    found = {"status": client.health().status, "products": len(client.products())}
found |= {"arguments": sys.argv[1:], "beside": open("beside.txt").read()}
print("answer", json.dumps(found))
"""
TASKS = """
import ray

ray.init()
square = ray.remote(lambda value: value * value)
print("answer", sum(ray.get([square.remote(value) for value in range(4)])))
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "beside.txt").write_text("sent too")
    path = tmp_path / "study.py"
    path.write_text(SCRIPT)
    return path


def plain_ray(stack: Stack, ports: PortPlan, *words: str) -> Any:
    """Run `ray job WORDS` as somebody who holds the token."""
    environment = {
        **stack.environment,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(stack.chosen.paths.ray_token),
        "RAY_API_SERVER_ADDRESS": f"http://127.0.0.1:{ports.ray_dashboard}",
    }
    return subprocess.run(
        [str(Path(sys.executable).with_name("ray")), "job", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def answer(printed: str) -> Any:
    lines = [line for line in printed.splitlines() if line.startswith("answer ")]
    assert len(lines) == 1, printed
    return json.loads(lines[0].removeprefix("answer "))


def test_a_script_finds_its_stack_its_words_and_its_folder(stack: Stack, study: Path) -> None:
    done = stack.run("jobs", "submit", str(study), "--", "--depth", "3 4")
    assert done.returncode == 0, done.stderr
    found = answer(done.stdout)
    assert found["status"] == "ok"
    assert found["products"] > 0
    assert (found["arguments"], found["beside"]) == (["--depth", "3 4"], "sent too")


def test_plain_ray_works_as_well_with_the_same_python(
    stack: Stack, ports: PortPlan, study: Path
) -> None:
    words = ("submit", "--working-dir", str(study.parent), "--", "python", "study.py")
    done = plain_ray(stack, ports, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert answer(done.stdout)["status"] == "ok"


def test_a_script_has_the_cluster_too(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text(TASKS)
    done = stack.run("jobs", "submit", str(tmp_path / "tasks.py"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert answer(done.stdout) == 14


@pytest.mark.parametrize("hidden", ["core", "heliostat"])
def test_plain_ray_is_told_what_its_folder_hides(
    hidden: str, stack: Stack, ports: PortPlan, study: Path
) -> None:
    (study.parent / hidden).mkdir()
    (study.parent / hidden / "__init__.py").touch()
    words = ("submit", "--working-dir", str(study.parent), "--", "python", "study.py")
    done = plain_ray(stack, ports, *words)
    assert done.returncode != 0
    assert f"the working directory is refused: it holds {hidden}/" in done.stdout
    assert "Traceback" not in done.stdout


def test_our_command_refuses_such_a_folder_before_anything_is_sent(
    stack: Stack, study: Path
) -> None:
    def listed() -> list[str]:
        items = json.loads(stack.run("jobs", "list", "--json").stdout)["items"]
        return [job["job_id"] for job in items]

    (study.parent / "serve.py").touch()
    before = listed()
    done = stack.run("jobs", "submit", str(study))
    assert done.returncode == 2
    assert "it holds serve.py" in done.stderr
    assert listed() == before


def test_a_long_job_is_followed_and_stopped(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(
        "import signal\nprint('waiting', flush=True)\nsignal.pause()\n"
    )
    job_id = stack.run("jobs", "submit", str(tmp_path / "long.py"), "--no-wait").stdout.strip()
    wait_for(lambda: "waiting" in stack.run("jobs", "logs", job_id).stdout, timeout_s=120)
    shown = json.loads(stack.run("jobs", "show", job_id, "--json").stdout)
    assert (shown["status"], shown["name"]) == ("running", "long.py")
    stopped = json.loads(stack.run("jobs", "stop", job_id, "--json").stdout)
    assert stopped["was_running"]
    followed = stack.run("jobs", "logs", job_id, "--follow")
    assert followed.returncode == 1
    assert followed.stderr == f"heliostat: job {job_id} was stopped.\n"


def test_a_wrong_token_is_not_authorised(stack: Stack, study: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    shutil.copy(stack.chosen.paths.state, elsewhere)
    (elsewhere / "ray_token").write_text("0" * len(stack.chosen.paths.ray_token.read_text()))
    done = stack.run("jobs", "submit", str(study), "--data", str(elsewhere))
    assert done.returncode == 4
    assert f"{elsewhere / 'ray_token'} cannot be used" in done.stderr
