"""Own the environments of peers whose pins contradict ours: built once, in `.peers/`."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_WITHIN_S = 900.0


def interpreter_of(peer: str) -> Path:
    """Return the Python of a peer's environment, building it from `peer`.txt where it is not.

    Raises:
        RuntimeError: it cannot be installed here.
    """
    requirements = Path(__file__).with_name(f"{peer}.txt")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".peers" / f"{peer}-{version}-{digest}"
    python = folder / "bin" / "python"
    mark = folder / "installed"
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        words = ("-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check")
        _run(str(python), *words, "-r", str(requirements))
        mark.touch()
    return python


def _run(*words: str) -> None:
    finished = subprocess.run(words, capture_output=True, text=True, timeout=_WITHIN_S, check=False)
    if finished.returncode != 0:
        lines = finished.stderr.strip().splitlines() or [f"exit code {finished.returncode}"]
        raise RuntimeError(lines[-1])
