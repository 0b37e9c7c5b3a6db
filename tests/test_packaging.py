"""Install the built wheels into an empty environment and use what must be inside."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROBE = """
import importlib.util, pathlib, sys
for room in ("actors", "cluster", "core", "integrations", "jobs", "quant", "serve", "storage"):
    found = importlib.util.find_spec(room)
    assert found and sys.prefix in found.origin, room
storage = pathlib.Path(importlib.util.find_spec("storage").origin).parent
assert len(list(storage.glob("*.sql"))) >= 3
assert len(list((storage / "migrations").glob("*.sql"))) >= 5
cluster = pathlib.Path(importlib.util.find_spec("cluster").origin).parent
assert (cluster / "local" / "haproxy.sh").stat().st_mode & 0o100
import core.runs, heliostat
"""


def uv() -> str:
    found = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".uv" / "bin"))
    if found is None:
        pytest.skip("uv is neither on PATH nor in .uv")
    return found


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheels_hold_what_they_need(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    steps = [
        [uv(), "build", "--quiet", "--all-packages", "--wheel", "--out-dir", str(tmp_path)],
        [uv(), "venv", "--quiet", "--python", sys.executable, str(environment)],
    ]
    for words in steps:
        subprocess.run(words, cwd=ROOT, check=True, timeout=200)
    python = str(environment / "bin" / "python")
    wheels = [str(path) for path in tmp_path.glob("*.whl")]
    assert len(wheels) == 2
    install = [uv(), "pip", "install", "--quiet", "--python", python]
    subprocess.run([*install, "--no-deps", wheels[0], wheels[1]], check=True, timeout=200)
    subprocess.run([*install, "httpx", "msgspec", "pydantic"], check=True, timeout=200)
    subprocess.run([python, "-c", PROBE], cwd=tmp_path, check=True, timeout=60)
