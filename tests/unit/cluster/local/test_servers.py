"""Check what the launchers of PostgreSQL and Valkey refuse, and the words they run."""

import os
import pwd
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from cluster.local import account, postgres, valkey
from core.errors import StackError


def config(folder: Path, socket_dir: Path | None = None) -> postgres.PostgresConfig:
    return postgres.PostgresConfig(data_dir=folder / "data", socket_dir=socket_dir or folder / "s")


def socket_dir_of(length: int) -> Path:
    name = len("/.s.PGSQL.5432")
    return Path("/" + "x" * (length - name - 1))


def test_a_socket_path_must_stay_below_the_limit_of_the_system() -> None:
    fits = config(Path("/data"), socket_dir_of(106))
    assert len(os.fsencode(fits.socket_path)) == 106
    postgres.check_socket_path(fits.socket_path)
    with pytest.raises(StackError, match=r"holds 107 bytes.*Use --data"):
        postgres.initialise(config(Path("/data"), socket_dir_of(107)))
    with pytest.raises(StackError, match="Use --data"):
        valkey.initialise(valkey.ValkeyConfig(socket_dir=Path("/" + "é" * 50)))


def test_data_of_another_version_is_refused(tmp_path: Path) -> None:
    assert postgres.version_of(tmp_path) is None
    postgres.check_version(tmp_path)
    (tmp_path / "PG_VERSION").write_text("16\n")
    assert postgres.version_of(tmp_path) == "16"
    with pytest.raises(StackError, match=r"was written by PostgreSQL 16, and this is 18\. Use"):
        postgres.check_version(tmp_path)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").touch()
    with pytest.raises(StackError, match="is not empty and holds no PostgreSQL data"):
        postgres.initialise(config(tmp_path, Path("/s")))


def test_passwords_and_paths_survive_in_the_address(tmp_path: Path) -> None:
    given = config(tmp_path, Path("/run/a b&c"))
    url = urlsplit(postgres.database_url(given, "heliostat_app", "p@ss/w%rd:?"))
    assert (url.username, unquote(url.password or "")) == ("heliostat_app", "p@ss/w%rd:?")
    assert url.path == "/heliostat"
    assert parse_qs(url.query)["host"] == ["/run/a b&c"]


def test_the_programs_come_with_the_dependencies() -> None:
    assert os.access(postgres.binaries_dir() / "postgres", os.X_OK)
    assert os.access(valkey.binary(), os.X_OK)


def test_valkey_has_no_port_and_keeps_nothing(tmp_path: Path) -> None:
    words = valkey.server_command(valkey.ValkeyConfig(socket_dir=tmp_path))
    settings = dict(zip(words[1::2], words[2::2], strict=True))
    assert settings["--port"] == "0"
    assert settings["--save"] == ""
    assert settings["--appendonly"] == "no"
    assert settings["--unixsocket"] == str(tmp_path / "valkey.sock")


def test_an_open_path_needs_no_capability() -> None:
    words = account.command_prefix(account.free_user_id(), [Path("/usr/bin/env")])
    assert "--ambient-caps=-all" in words
    assert "--pdeathsig=INT" in words


def test_a_closed_path_lends_one_capability_or_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    user_id = account.free_user_id()
    for bounding_set, name in ((0b110, "dac_read_search"), (0b010, "dac_override")):
        monkeypatch.setattr(account, "_bounding_set", lambda value=bounding_set: value)
        words = account.command_prefix(user_id, [closed / ".." / "closed"])
        assert f"--ambient-caps=-all,+{name}" in words
        assert f"--bounding-set=-all,+{name}" in words
    monkeypatch.setattr(account, "_bounding_set", lambda: 0)
    with pytest.raises(StackError, match=r"is closed to other users\. Use --data"):
        account.command_prefix(user_id, [closed])


def test_the_free_user_id_has_no_name() -> None:
    with pytest.raises(KeyError):
        pwd.getpwuid(account.free_user_id())
