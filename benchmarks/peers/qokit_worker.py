"""Evaluate the XY ring on QOKit's C simulator: all 2^n amplitudes. Runs in QOKit's environment."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.peers.conversation import Evaluate, Prepare, all_costs, answer, feasible

PACKAGES = Path(sysconfig.get_paths()["purelib"])
SOURCES = PACKAGES / "qokit" / "fur" / "c" / "csim" / "src"
LIBRARY = SOURCES.parent / "libcsim.so"
FLAGS = ("-O3", "-fopenmp", "-shared", "-fPIC")
_HEADERS = ("diagonal", "fur", "qaoa_fur")


def main() -> None:
    """Answer until stdin ends."""
    about = build()
    # The top module imports what its notebooks need, and none of it is installed.
    top = ModuleType("qokit")
    top.__path__ = [str(PACKAGES / "qokit")]
    sys.modules["qokit"] = top
    simulators = import_module("qokit.fur")
    answer(lambda problem: _open(simulators, problem), about)


def build() -> str:
    """Compile the C simulator where there is a compiler, and return what is used.

    The package holds its sources without their headers, and the simulator compiled without
    optimisation or threads under a name that it does not load.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        shutil.copy(next(PACKAGES.glob("simulator*.so")), LIBRARY)
        return "as shipped"
    sources = sorted(SOURCES.glob("*.c"))
    found = "".join(path.read_text() for path in sources)
    prototypes = re.findall(r"^void \w+\([^)]*\)", found, re.MULTILINE)
    declared = "".join(f"{prototype};\n" for prototype in ("#include <stddef.h>", *prototypes))
    with tempfile.TemporaryDirectory() as folder:
        for name in _HEADERS:
            (Path(folder) / f"{name}.h").write_text(declared.replace(">;", ">"))
        built = Path(folder) / LIBRARY.name
        words = [compiler, *FLAGS, f"-I{folder}", "-o", str(built), *map(str, sources), "-lm"]
        subprocess.run(words, check=True, capture_output=True)
        shutil.move(built, LIBRARY)
    return "rebuilt with -O3"


def _open(simulators: Any, problem: dict[str, Any]) -> Prepare:
    n = len(problem["mu"])
    start = np.zeros(1 << n)
    states = feasible(problem)
    start[states] = len(states) ** -0.5
    simulator = simulators.choose_simulator_xyring("c")(n, costs=all_costs(problem))

    def prepare(gammas: list[float], betas: list[float]) -> Evaluate:
        doubled = [2 * gamma for gamma in gammas]  # its phase is exp(−iγc/2)

        def evaluate() -> float:
            evolved = simulator.simulate_qaoa(doubled, betas, sv0=start)
            return float(simulator.get_expectation(evolved))

        return evaluate

    return prepare


if __name__ == "__main__":
    main()
