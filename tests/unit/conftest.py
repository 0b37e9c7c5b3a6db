"""Keep unit tests to themselves: no Ray, no connections, none of the caller's settings."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

# Two busy cores make any example slow now and then; pytest's own timeout still holds.
settings.register_profile("unit", deadline=None)
settings.load_profile("unit")


def _refuse_ray(*_: object, **__: object) -> NoReturn:
    message = "Unit tests must not start Ray."
    raise RuntimeError(message)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    if "ray" in sys.modules:
        monkeypatch.setattr("ray.init", _refuse_ray)
    for name in [name for name in os.environ if name.startswith("HELIOSTAT_")]:
        monkeypatch.delenv(name)
    connect = socket.socket.connect

    def connect_locally(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            message = f"Unit tests must not connect, was {address!r}."
            raise RuntimeError(message)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_locally)


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
