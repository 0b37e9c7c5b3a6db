"""Check where the client finds its address and key."""

import json
from pathlib import Path

import pytest

from heliostat import NotConfigured
from heliostat.address import Address, ApiKey, Login, LoginIgnored, find_address
from heliostat.logins import LoginFile, StoredLogin

URL, KEY = "http://127.0.0.1:8000", "file-key"


def key_of(address: Address) -> str:
    assert isinstance(address.credential, ApiKey)
    return address.credential.key


def stack_folder(tmp_path: Path, mode: int = 0o600) -> Path:
    file = tmp_path / "client.json"
    file.write_text(json.dumps({"url": URL, "key": KEY}))
    file.chmod(mode)
    return tmp_path


def test_arguments_go_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    environ = {
        "HELIOSTAT_URL": "https://api.example.com/",
        "HELIOSTAT_KEY": "env-key",
        "HELIOSTAT_DATA": str(stack_folder(tmp_path)),
    }
    given = find_address("http://other:1", "arg-key", environ=environ)
    assert (given.url, key_of(given)) == ("http://other:1", "arg-key")
    from_environment = find_address(environ=environ)
    assert (from_environment.url, key_of(from_environment)) == (
        "https://api.example.com",
        "env-key",
    )
    from_file = find_address(environ={"HELIOSTAT_DATA": environ["HELIOSTAT_DATA"]})
    assert (from_file.url, key_of(from_file)) == (URL, KEY)
    named = find_address(data_dir=tmp_path, environ=environ)
    assert (named.url, key_of(named)) == (URL, KEY)


def test_the_key_of_the_file_goes_nowhere_else(tmp_path: Path) -> None:
    folder = stack_folder(tmp_path)
    with pytest.raises(NotConfigured, match="Nothing opens http://elsewhere"):
        find_address("http://elsewhere", data_dir=folder, environ={})
    assert key_of(find_address(URL + "/", data_dir=folder, environ={})) == KEY


def test_a_file_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match="chmod 600"):
        find_address(data_dir=stack_folder(tmp_path, 0o644), environ={})


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotConfigured, match=r"client\.json does not exist"):
        find_address(data_dir=tmp_path, environ={})
    (tmp_path / "client.json").write_text("[]")
    with pytest.raises(NotConfigured, match="cannot be read"):
        find_address(data_dir=tmp_path, environ={})


def test_an_address_without_a_scheme_is_refused_and_the_key_stays_out_of_repr() -> None:
    with pytest.raises(NotConfigured, match="localhost:8000"):
        find_address("localhost:8000", "key", environ={})
    assert "secret" not in repr(find_address(URL, "secret", environ={}))


def test_the_nearest_stack_above_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebooks = tmp_path / "work" / "notebooks"
    notebooks.mkdir(parents=True)
    monkeypatch.chdir(notebooks)
    with pytest.raises(NotConfigured, match=r"\.heliostat/client\.json does not exist"):
        find_address(environ={})
    for folder, key in ((tmp_path, "far"), (tmp_path / "work", "near")):
        (folder / ".heliostat").mkdir()
        file = stack_folder(folder / ".heliostat") / "client.json"
        file.write_text(json.dumps({"url": URL, "key": key}))
    assert key_of(find_address(environ={})) == "near"


def test_a_stored_login_goes_before_the_file_and_after_a_key_that_was_given(
    tmp_path: Path,
) -> None:
    folder = stack_folder(tmp_path)
    environ = {"HELIOSTAT_CONFIG": str(tmp_path / "config")}
    login = StoredLogin(url=URL, client_id="c", access_token="a", refresh_token="r", expires_at=1.0)
    LoginFile(tmp_path / "config", URL).write(login)
    stored = find_address(data_dir=folder, environ=environ)
    assert isinstance(stored.credential, Login)
    assert stored.credential.file.read() == login
    assert key_of(find_address(URL, "given", environ=environ)) == "given"
    with pytest.warns(LoginIgnored, match="HELIOSTAT_KEY is used"):
        chosen = find_address(URL, environ={**environ, "HELIOSTAT_KEY": "of the environment"})
    assert key_of(chosen) == "of the environment"
