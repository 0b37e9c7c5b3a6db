"""Check the whole command line: every command teaches, and help stays light."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cluster.main import app

COMMANDS = [
    ("up",),
    ("down",),
    ("status",),
    ("logs",),
    ("doctor",),
    ("curve",),
    ("history",),
    ("spreads",),
    ("seasonality",),
    ("optimize",),
    ("runs", "list"),
    ("runs", "show"),
    ("runs", "watch"),
    ("runs", "cancel"),
    ("jobs", "submit"),
    ("jobs", "list"),
    ("jobs", "show"),
    ("jobs", "logs"),
    ("jobs", "stop"),
    ("sql",),
    ("import", "settlements"),
    ("export", "settlements"),
    ("books", "import"),
    ("books", "list"),
    ("books", "show"),
    ("books", "versions"),
    ("books", "export"),
    ("books", "remove"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_teaches(words: tuple[str, ...]) -> None:
    text = CliRunner().invoke(app, [*words, "--help"]).stdout
    assert f"heliostat {' '.join(words)}" in text.partition("Examples:")[2]
    assert "Exit codes:" in text
    assert "--json" in text


def test_help_imports_nothing_heavy() -> None:
    heavy = ("ray", "qiskit", "numpy", "pyarrow", "httpx", "fastapi", "asyncpg")
    code = f"import sys, cluster.main; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[]\n"


def test_version_is_printed() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.count(".") == 2
