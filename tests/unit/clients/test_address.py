"""Check where the client finds its address and key."""

import json
from pathlib import Path

import pytest

from heliostat import NotConfigured
from heliostat.address import find_address

URL, KEY = "http://127.0.0.1:8000", "file-key"


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
    assert (given.url, given.key) == ("http://other:1", "arg-key")
    from_environment = find_address(environ=environ)
    assert (from_environment.url, from_environment.key) == ("https://api.example.com", "env-key")
    from_file = find_address(environ={"HELIOSTAT_DATA": environ["HELIOSTAT_DATA"]})
    assert (from_file.url, from_file.key) == (URL, KEY)
    named = find_address(data_dir=tmp_path, environ=environ)
    assert (named.url, named.key) == (URL, KEY)


def test_the_key_of_the_file_goes_nowhere_else(tmp_path: Path) -> None:
    folder = stack_folder(tmp_path)
    with pytest.raises(NotConfigured, match="No key for http://elsewhere"):
        find_address("http://elsewhere", data_dir=folder, environ={})
    assert find_address(URL + "/", data_dir=folder, environ={}).key == KEY


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
    assert find_address(environ={}).key == "near"
