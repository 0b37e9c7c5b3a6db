"""Speak to `python -m quant.quantum` as people and programs do, mostly in this process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from core.mixers import Mixer
from quant.quantum.__main__ import MixerName, StrategyName, run
from quant.quantum.command.strategies import Strategy

PROBLEM: dict[str, Any] = {
    "mu": [0.9, 0.1, 0.4, 0.3, 0.7],
    "sigma": (np.eye(5) + 0.25).tolist(),
    "q": 0.5,
    "k": 2,
}


@pytest.fixture
def file(tmp_path: Path) -> str:
    return written(tmp_path, PROBLEM)


def written(folder: Path, values: dict[str, Any]) -> str:
    path = folder / "problem.json"
    path.write_text(json.dumps(values))
    return str(path)


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert run([*words, "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_evaluate_answers_in_json(capsys: pytest.CaptureFixture[str], file: str) -> None:
    words = ("evaluate", "--problem", file, "--mixer", "complete", "--cvar", "0.2")
    answer = answered(capsys, *words, "--gammas", "-0.4", "0.2", "--betas", "0.3", "0.1")
    assert answer["chosen"] == [0, 4]
    # c({0, 4}) = 0.5·(2 + 4·0.25) − 1.6
    assert answer["optimum"] == pytest.approx(-0.1, abs=1e-12)
    assert answer["cvar"] <= answer["energy"]
    assert answer["convex"] is True
    again = answered(capsys, *words, "--gammas=-0.4,0.2", "--betas", "0.3", "--betas", "0.1")
    assert again["energy"] == answer["energy"]


@pytest.mark.parametrize("strategy", list(Strategy))
def test_trained_angles_evaluate_to_what_was_told(
    capsys: pytest.CaptureFixture[str], file: str, strategy: Strategy
) -> None:
    words = ("--problem", file, "--mixer", "grover")
    told = answered(
        capsys, "train", *words, "--depth", "2", "--starts", "2", "--strategy", strategy
    )
    assert told["approximation_ratio"] > told["random_approximation_ratio"]
    gammas, betas = (",".join(map(repr, told[name])) for name in ("gammas", "betas"))
    again = answered(capsys, "evaluate", *words, "--gammas", gammas, "--betas", betas)
    assert again["energy"] == told["energy"]


def test_training_tells_how_far_it_is(capsys: pytest.CaptureFixture[str], file: str) -> None:
    words = ["--problem", file, "--mixer", "grover", "--depth", "1", "--starts", "2", "--json"]
    assert run(["train", *words]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == ["training 1/2", "training 2/2"]
    assert all(line.endswith("left") for line in lines)


def test_people_see_a_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = written(tmp_path, PROBLEM | {"sigma": (-np.eye(5)).tolist()})
    assert run(["evaluate", "--problem", file, "--gammas", "0.1", "--betas", "0.2"]) == 0
    shown = capsys.readouterr().out
    assert "optimum (proven)" in shown
    assert "Σ is not positive semidefinite" in shown
    assert run(["train", "--problem", file, "--mixer", "grover", "--depth", "1"]) == 0
    assert "gammas " in capsys.readouterr().out


@pytest.mark.parametrize("words", ["", "--help", "evaluate --help", "train --help"])
def test_help_is_an_answer(capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert run(words.split()) == 0
    assert "Usage: python -m quant.quantum " in capsys.readouterr().out


ANGLES = "--gammas 0.1 --betas 0.2"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("evaluate --gammas 0.1 --betas 0.2 0.3", "betas: "),
        ("evaluate --gammas x --betas 0.2", "gammas: "),
        ("evaluate --gammas nan --betas 0.2", "gammas: "),
        ("evaluate --betas 0.2", "Missing option '--gammas'"),
        (f"evaluate {ANGLES} --mixer star", "Invalid value for '--mixer'"),
        (f"evaluate {ANGLES} --cvar 0", "cvar: "),
        (f"evaluate {ANGLES} --cvar nan", "cvar: "),
        (f"evaluate {ANGLES} --colour", "No such option: --colour"),
        ("train --depth 0", "Invalid value for '--depth'"),
        ("train --starts 0", "Invalid value for '--starts'"),
        ("train --seed -1", "Invalid value for '--seed'"),
        ("train --cvar 2", "cvar: "),
        ("prove", "No such command 'prove'"),
    ],
)
def test_bad_words_cost_one_line(
    capsys: pytest.CaptureFixture[str], file: str, words: str, said: str
) -> None:
    command, *rest = words.split()
    code = run([command, "--problem", file, *rest])
    assert_one_line(capsys, code, said)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"extra": 1}, "extra: unknown key"),
        ({"mu": [0.9, float("nan"), 0.4, 0.3, 0.7]}, "mu: "),
        ({"sigma": [[1.0, 2.0]]}, "sigma: "),
        ({"k": 5}, "k: "),
    ],
)
def test_bad_problems_cost_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, values: dict[str, Any], said: str
) -> None:
    file = written(tmp_path, PROBLEM | values)
    assert_one_line(capsys, run(["evaluate", "--problem", file, *ANGLES.split()]), said)
    assert_one_line(capsys, run(["train", "--problem", file]), said)


def test_a_subspace_too_large_is_refused_with_its_size(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    n = 40
    values = {"mu": [0.0] * n, "sigma": np.eye(n).tolist(), "q": 1, "k": 20}
    code = run(["evaluate", "--problem", written(tmp_path, values), *ANGLES.split()])
    said = assert_one_line(capsys, code, "k: C(40, 20) = 137846528820 states would take ")
    assert " GB" in said


@pytest.mark.parametrize("name", ["absent.json", "."])
def test_a_file_that_cannot_be_read_costs_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str
) -> None:
    path = str(tmp_path / name)
    assert_one_line(capsys, run(["evaluate", "--problem", path, *ANGLES.split()]), f"{path}")


def assert_one_line(capsys: pytest.CaptureFixture[str], code: int, said: str) -> str:
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.startswith(f"quant.quantum: {said}")
    assert err.count("\n") == 1
    return err


def test_the_choices_are_those_of_the_mathematics() -> None:
    assert get_args(MixerName) == tuple(Mixer)
    assert get_args(StrategyName) == tuple(Strategy)


def test_help_loads_nothing_heavy_and_work_neither_ray_nor_qiskit() -> None:
    program = (
        "import sys; from quant.quantum.__main__ import run; run(['train', '--help']); "
        "heavy = {'numba', 'scipy', 'rich'} & sys.modules.keys(); "
        "from quant.quantum.command import display, evaluation, problem_file, strategies; "
        "heavy |= {'qiskit', 'ray'} & sys.modules.keys(); "
        "sys.exit(', '.join(heavy))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=50
    )
    assert finished.stderr.strip() == ""
