"""Hold the cache of compiled functions to one state of the sources."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]

INNER = (
    "from quant.quantum.compiled import kernel\n@kernel\ndef inner(x):\n    return x + {added}\n"
)
OUTER = (
    "from quant.inner import inner\nfrom quant.quantum.compiled import kernel\n"
    "@kernel\ndef outer(x):\n    return inner(x)\n"
)


def empty_package(folder: Path) -> Path:
    """Return a package that has the compiler and nothing else."""
    package = folder / "quant"
    (package / "quantum").mkdir(parents=True)
    for place in (package, package / "quantum"):
        (place / "__init__.py").touch()
    shutil.copy(ROOT / "quant/quantum/compiled.py", package / "quantum")
    return package


def answer_of(code: str, folder: Path) -> str:
    words = [sys.executable, "-c", code]
    return subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=True, timeout=50
    ).stdout.strip()


def test_a_change_of_what_a_kernel_calls_is_seen(tmp_path: Path) -> None:
    package = empty_package(tmp_path)
    (package / "outer.py").write_text(OUTER)
    answers = []
    for added in (1, 2, 1):
        (package / "inner.py").write_text(INNER.format(added=added))
        answers.append(int(answer_of("from quant.outer import outer; print(outer(0))", tmp_path)))
    assert answers == [1, 2, 1]
    caches = list((package / "quantum/__pycache__").glob("kernels-*"))
    # Of either state one of each function; what calls the other belongs to its state as well.
    assert len(caches) == 4


def test_caches_of_two_processes_at_once_do_not_mix(tmp_path: Path) -> None:
    """The index that is written last must not lead to the code that is written last."""
    package = empty_package(tmp_path)
    (package / "inner.py").write_text(INNER.format(added=1))
    caches = package / "quantum/__pycache__"

    def answer(number: str) -> str:
        code = f"import numpy as np; from quant.inner import inner; print(inner(np.{number}(0)))"
        return answer_of(code, tmp_path)

    assert answer("complex128") == "(1+0j)"
    (first,) = caches.rglob("*inner*.nbc")
    kept = first.read_bytes()
    for path in caches.rglob("*inner*.nb?"):
        path.unlink()
    assert answer("float64") == "1.0"
    first.write_bytes(kept)
    assert answer("float64") == "1.0"
