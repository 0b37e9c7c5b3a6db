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


def test_a_change_of_what_a_kernel_calls_is_seen(tmp_path: Path) -> None:
    package = tmp_path / "quant"
    (package / "quantum").mkdir(parents=True)
    for folder in (package, package / "quantum"):
        (folder / "__init__.py").touch()
    shutil.copy(ROOT / "quant/quantum/compiled.py", package / "quantum")
    (package / "outer.py").write_text(OUTER)
    answers = []
    for added in (1, 2, 1):
        (package / "inner.py").write_text(INNER.format(added=added))
        words = [sys.executable, "-c", "from quant.outer import outer; print(outer(0))"]
        finished = subprocess.run(
            words, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=50
        )
        answers.append(int(finished.stdout))
    assert answers == [1, 2, 1]
    caches = list((package / "quantum/__pycache__").glob("kernels-*"))
    # Of either state one of each function; what calls the other belongs to its state as well.
    assert len(caches) == 4
