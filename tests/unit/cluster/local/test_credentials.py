"""Check that secrets are made once, differ between stacks, and are nobody else's to read."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from cluster.local.credentials import load_or_create, write_private


@pytest.fixture
def _open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_open_umask")
def test_only_this_user_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    write_private(path, "new")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_they_last(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    assert load_or_create(path) == load_or_create(path)


def test_what_an_earlier_version_kept_beside_is_left(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    kept = load_or_create(path)
    path.write_text(json.dumps({**asdict(kept), "api_key": "hs_old"}))
    assert load_or_create(path) == kept


def test_every_stack_and_every_role_has_its_own(tmp_path: Path) -> None:
    one, other = load_or_create(tmp_path / "one"), load_or_create(tmp_path / "other")
    passwords = [*one.database_passwords.values(), *other.database_passwords.values()]
    assert set(one.database_passwords) == {"owner", "app", "system"}
    secrets = [one.ray_token, other.ray_token, *passwords]
    secrets += [one.sandbox_password, other.sandbox_password]
    assert len(set(secrets)) == len(secrets)
    assert all(len(secret) >= 20 for secret in secrets)
    assert asdict(one)["sandbox_api_id"] == "sandbox"
