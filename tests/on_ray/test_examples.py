"""Execute the notebooks against a running stack; what they draw is real."""

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.on_ray.conftest import ROOT, Stack

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]

EXAMPLES = ROOT / "examples"


def executed(name: str, stack: Stack) -> Any:
    """Return the notebook with its outputs; the file stays as it is."""
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    resources = {"metadata": {"path": str(EXAMPLES)}}
    client = NotebookClient(notebook, timeout=600, resources=resources)
    client.execute(env=stack.environment)
    return notebook


def outputs(notebook: Any, kind: str) -> list[str]:
    """Return what the cells show of one media type."""
    return [
        output["data"][kind]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if kind in output.get("data", {})
    ]


@pytest.mark.parametrize(
    ("name", "pictures"),
    [("landscape_and_training", 2), ("noise_study", 3), ("qaoa_against_classical", 2)],
)
def test_a_notebook_runs_to_its_end(name: str, pictures: int, stack: Stack) -> None:
    notebook = executed(name, stack)
    assert len(outputs(notebook, "image/png")) == pictures
    bars = [text for text in outputs(notebook, "text/plain") if text.startswith("succeeded")]
    assert bars


def test_the_comparison_says_whose_prices_it_used(stack: Stack, tmp_path: Path) -> None:
    rows = ["date,product,position,settlement"]
    rows += [
        f"2020-{month:02d}-{day:02d},CL,{position},{40 + position + (day * position) % 7}"
        for month in range(1, 13)
        for day in range(1, 29)
        for position in range(1, 15)
    ]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(rows) + "\n")
    done = stack.run("import", "settlements", str(path), "--name", "mine")
    assert done.returncode == 0, done.stderr
    told = " ".join(outputs(executed("qaoa_against_classical", stack), "text/plain"))
    assert "source import:mine (imported), up to 2020-12-28" in told
