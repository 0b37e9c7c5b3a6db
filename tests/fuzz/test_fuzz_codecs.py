"""Try a million inputs on each codec, guided to what code they reach."""

import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUZZER = Path(__file__).with_name("run_fuzzer.py")
RUNS = 1_000_000
WITHIN_S = 3_600


@pytest.mark.slow
@pytest.mark.timeout(WITHIN_S + 60)
@pytest.mark.parametrize("codec", ["cme", "ice", "openweather", "programs"])
def test_no_input_makes_a_codec_fail(codec: str) -> None:
    words = [codec, "--runs", str(RUNS), "--seed", str(1 + secrets.randbelow(2**31 - 2))]
    replay = f"python {FUZZER.relative_to(ROOT)} {' '.join(words)}"
    finished = subprocess.run(
        [sys.executable, str(FUZZER), *words],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=WITHIN_S,
        check=False,
    )
    assert finished.returncode == 0, f"{replay}\n{finished.stderr[-6_000:]}"
    executed = re.search(r"number_of_executed_units: *(\d+)", finished.stderr)
    assert executed is not None
    assert int(executed[1]) >= RUNS
