"""Lend what the tests of this folder need."""

import pytest

from actors.runs import driver
from storage.pool import Pools
from tests.on_postgres.actors.runs.bench import Bench, Squares
from tests.on_postgres.conftest import Database


@pytest.fixture
def bench(
    database: Database, pools: Pools, valkey_server: str, monkeypatch: pytest.MonkeyPatch
) -> Bench:
    monkeypatch.setattr(driver, "kind_of", lambda kind: Squares())
    return Bench(database, pools, valkey_server)
