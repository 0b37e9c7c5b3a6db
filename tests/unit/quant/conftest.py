"""Find the test data that lives beside the repository, or skip."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """Return a function from file name to path; it skips the test where the data is absent."""

    def find(name: str) -> Path:
        for folder in Path(__file__).resolve().parents:
            path = folder.parent / "shared" / "data" / name
            if path.is_file():
                return path
        pytest.skip(f"shared/data/{name} is not beside the repository")

    return find
