"""Check that a job whose folder hides one of our packages never gets to its first line."""

import os
import subprocess
import sys
from importlib.machinery import all_suffixes
from pathlib import Path

import pytest

from cluster.local.job_startup import sitecustomize
from cluster.local.job_startup.sitecustomize import PACKAGES, own_folders, shadows

STARTUP = Path(sitecustomize.__file__).parent
ROOT = STARTUP.parents[2]


def start(folder: Path, *words: str, in_a_job: bool = True) -> "subprocess.CompletedProcess[str]":
    """Start Python as Ray starts the script of a job whose working directory is `folder`."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(folder), str(STARTUP)]),
        **({"RAY_JOB_CONFIG_JSON_ENV_VAR": "{}"} if in_a_job else {}),
    }
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_every_package_of_ours_is_guarded() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks", "tests"}
    clients = {path.parent.name for path in ROOT.glob("clients/python/*/__init__.py")}
    assert set(PACKAGES) == rooms | clients


@pytest.mark.parametrize("name", PACKAGES)
def test_a_folder_and_a_module_of_our_names_are_found(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / f"{name}.py").touch()
    assert shadows(tmp_path) == [f"{name}/", f"{name}.py"]


def test_names_that_only_look_alike_are_left_alone(tmp_path: Path) -> None:
    for name in ("core.txt", "jobs.min.py", "storage.parquet", "cores.py", "heliostat"):
        (tmp_path / name).touch()
    for name in ("my_jobs", "quant.d", ".core"):
        (tmp_path / name).mkdir()
    assert shadows(tmp_path) == []


@pytest.mark.parametrize("suffix", all_suffixes())
def test_whatever_python_would_import_is_found(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"core{suffix}").touch()
    assert shadows(tmp_path) == [f"core{suffix}"]


def test_a_job_that_hides_our_package_ends_before_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "heliostat").mkdir()
    (tmp_path / "heliostat" / "__init__.py").write_text("print('theirs')\n")
    (tmp_path / "work.py").write_text("print('started'); import heliostat\n")
    done = start(tmp_path, "work.py")
    assert done.returncode == sitecustomize.REFUSED
    assert done.stdout == ""
    assert done.stderr.startswith("heliostat: the working directory is refused: it holds")
    assert "heliostat/" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_folder_of_the_script_counts_too(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "jobs.py").touch()
    (tmp_path / "study" / "work.py").write_text("print('started')\n")
    done = start(tmp_path, "study/work.py")
    assert (done.returncode, done.stdout) == (sitecustomize.REFUSED, "")
    assert "jobs.py" in done.stderr


def test_other_jobs_and_other_programs_start(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("print('started')\n")
    assert start(tmp_path, "work.py").stdout == "started\n"
    (tmp_path / "core").mkdir()
    assert start(tmp_path, "work.py", in_a_job=False).stdout == "started\n"


def test_our_own_packages_do_not_hide_themselves() -> None:
    assert shadows(ROOT)
    assert start(ROOT, "-c", "print('started')").stdout == "started\n"


@pytest.mark.parametrize("option", ["-m", "-c"])
def test_what_follows_a_module_is_no_script(option: str, tmp_path: Path) -> None:
    words = ["python", option, "something", str(tmp_path / "data.py")]
    assert own_folders([], "ours", words) == []
