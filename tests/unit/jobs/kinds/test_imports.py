"""Check that who decides about runs loads nothing of what carries them out."""

import subprocess
import sys

import pytest

HEAVY = ("numba", "scipy", "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "ray")


@pytest.mark.parametrize(
    "kind", ["portfolio", "hedge", "sweep", "landscape", "amplitude", "backtest", "risk"]
)
def test_a_whole_run_is_decided_without_qiskit_numba_or_scipy(kind: str) -> None:
    code = (
        f"import sys, jobs.kinds.{kind}\n"
        f"sys.exit(' '.join(sorted(set({HEAVY!r}) & set(sys.modules))) or 0)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_an_answer_is_put_together_without_them() -> None:
    code = """
import json, sys
from jobs.kinds.portfolio import KIND
from core.specifications.portfolio import PortfolioSpecification
asked = PortfolioSpecification(products=("CL",), of=3, choose=1, source="sandbox", starts=1)
window = {"first": "2023-01-02", "last": "2023-12-29", "days": 250}
problem = {"labels": ["CL01", "CL02", "CL03"], "mu": [0.1, 0.3, 0.2],
    "sigma": [[1.0, 0.1, 0.0], [0.1, 1.0, 0.2], [0.0, 0.2, 1.0]], "q": 0.5, "k": 1,
    "scale": 2.0, "window": window, "vintage": "sandbox@1"}
trained = {"gammas": [0.1], "betas": [0.2], "energy": 0.3, "evaluations": 4}
found = {"objective": 0.2, "chosen": [1]}
compared = {"optimum": found, "worst_objective": 0.4, "random_baselines": [found]}
plan = {"backend": "ibm:here", "method": None, "groups": [], "chunks": 5}
done = {("train", 0): trained, ("classical", 0): compared}
assert [piece.stage for piece in KIND.pieces(asked, problem, plan, done)] == ["compose", "score"]
done["compose", 0] = {"qpy": "", "facts": {}}
done["score", 0] = {"expectation": 0.3}
assert [piece.target for piece in KIND.pieces(asked, problem, plan, done)] == ["qpu"]
done["sample", 0] = {"counts": [{"0x2": 3, "0x7": 1}], "isa_depth": 9, "two_qubit_gates": 4,
    "job_id": "j", "calibrated_at": None, "usage_s": 1.5}
result = KIND.assemble(asked, problem, plan, done)
assert (result["chosen"], result["feasible_fraction"]) == (["CL02"], 0.75)
assert KIND.shared(asked, problem, plan).k == 1
KIND.workload(asked, problem)
heavy = {"numba", "scipy", "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "ray"}
sys.exit(" ".join(sorted(heavy & set(sys.modules))) or 0)
"""
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
