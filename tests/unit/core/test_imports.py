"""Check that each module of core can be the first that is imported: none goes round in a circle."""

import subprocess
import sys
from pathlib import Path

CORE = Path(__file__).parents[3] / "core"

ALONE = """
import importlib, sys
for name in sys.argv[1:]:
    for known in [one for one in sys.modules if one.split(".")[0] == "core"]:
        del sys.modules[known]
    importlib.import_module(name)
"""


def test_each_module_can_be_imported_first() -> None:
    files = sorted(CORE.rglob("*.py"))
    names = [".".join(file.relative_to(CORE.parent).with_suffix("").parts) for file in files]
    modules = [name.removesuffix(".__init__") for name in names]
    assert "core.books" in modules
    command = [sys.executable, "-c", ALONE, *modules]
    found = subprocess.run(command, cwd=CORE.parent, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
