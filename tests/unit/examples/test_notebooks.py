"""Check the notebooks as they lie in the repository: whole, and without anybody's results."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(request.param.read_text())
    return read


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_there_are_notebooks_and_the_readme_names_each() -> None:
    assert len(NOTEBOOKS) >= 3
    readme = (ROOT / "examples" / "README.md").read_text()
    assert [path.name for path in NOTEBOOKS if path.name not in readme] == []


def test_outputs_are_stripped(notebook: dict[str, Any]) -> None:
    for cell in code_cells(notebook):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    assert all(cell["metadata"] == {} for cell in notebook["cells"])


def test_nothing_tells_of_the_machine_it_was_written_on(notebook: dict[str, Any]) -> None:
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)


def test_it_begins_with_words_and_its_code_is_whole(notebook: dict[str, Any]) -> None:
    first = notebook["cells"][0]
    assert first["cell_type"] == "markdown"
    assert first["source"][0].startswith("# ")
    for cell in code_cells(notebook):
        ast.parse("".join(cell["source"]))
