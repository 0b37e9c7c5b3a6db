"""Carry out every command of docs/runs.md, in its order, against a running stack."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.local.ports import PortPlan
from tests.on_ray.conftest import ROOT, Stack

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]

PAGE = (ROOT / "docs" / "runs.md").read_text()
ELSEWHERE = "example.com"
"""Mark commands that would have the stack send something to another machine."""


def fenced(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_command_works(stack: Stack, ports: PortPlan, tmp_path: Path) -> None:
    sweep, observable = fenced("json")
    (tmp_path / "sweep.json").write_text(sweep)
    (tmp_path / "observable.json").write_text(observable)
    lines = [line for line in "".join(fenced("sh")).splitlines() if ELSEWHERE not in line]
    script = "\n".join(
        [
            "set -e",
            *lines,
            "heliostat runs submit --kind sweep --file sweep.json --wait",
            "heliostat runs submit --kind observable --file observable.json --wait",
        ]
    )
    for written, here in (
        ("$PWD/.heliostat", str(stack.data)),
        ("127.0.0.1:8701", f"127.0.0.1:{ports.ray_dashboard}"),
    ):
        assert written in script
        script = script.replace(written, here)
    programs = str(Path(sys.executable).parent)
    environment = {**stack.environment, "PATH": f"{programs}:{stack.environment['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    for name in ("rows.parquet", "circuits.qpy"):
        assert (tmp_path / name).stat().st_size > 0


def test_the_example_of_a_data_frame_works(stack: Stack, tmp_path: Path) -> None:
    (example,) = fenced("python")
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env=stack.environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "outcome" in done.stdout
