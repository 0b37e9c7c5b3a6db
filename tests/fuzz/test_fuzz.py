"""Run a million inputs, guided by coverage, through each codec."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "tests" / "data"
RUNS = 1_000_000
SOH = b"\x01"


def documents(vendor: str) -> list[bytes]:
    """Return the collected payloads of a vendor, white space left out."""
    return [
        json.dumps(json.loads(path.read_bytes()), separators=(",", ":")).encode()
        for path in sorted((DATA / vendor).glob("*.json"))
        if path.name != "metadata.json"
    ]


def bodies(session: bytes) -> list[bytes]:
    """Return what stands between length and checksum of each message, SOH as |."""
    messages = [part for part in session.split(b"8=FIX.4.4" + SOH) if part]
    inner = (part.split(SOH, 1)[1].rpartition(SOH + b"10=")[0] + SOH for part in messages)
    return [body.replace(SOH, b"|") for body in inner]


def seeds(target: str) -> list[bytes]:
    """Return the inputs that a target begins with."""
    if target in {"cme", "openweather"}:
        listed = documents(target)
        return [*listed, b"\n".join(listed)] if target == "cme" else listed
    sessions = [path.read_bytes() for path in sorted((DATA / "ice").glob("*.fix"))]
    if target == "ice":
        return [session[:2_000] for session in sessions]
    listed = [body for session in sessions for body in bodies(session)]
    return [*listed[:40], b"\n".join(listed[:12])]


@pytest.mark.parametrize("target", ["cme", "ice", "ice_fields", "openweather"])
def test_no_input_breaks_a_codec(target: str, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, content in enumerate(seeds(target)):
        (corpus / f"seed-{number}").write_bytes(content)
    seed = os.environ.get("FUZZ_SEED", str(int.from_bytes(os.urandom(3))))
    words = [
        sys.executable,
        "-m",
        "tests.fuzz.targets",
        target,
        f"-runs={RUNS}",
        f"-seed={seed}",
        "-max_len=4096",
        "-timeout=20",
        "-verbosity=0",
        "-print_final_stats=1",
        f"-artifact_prefix={tmp_path}/",
        str(corpus),
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    told = done.stderr[-4_000:] + done.stdout[-1_000:]
    assert done.returncode == 0, f"{' '.join(words)}\n{told}"
    [executed] = [
        int(line.split()[-1])
        for line in done.stderr.splitlines()
        if line.startswith("stat::number_of_executed_units")
    ]
    assert executed >= RUNS
