"""Check that logins are kept privately, written whole, and renewed by one process at a time."""

from pathlib import Path

import pytest

from heliostat.errors import NotConfigured
from heliostat.logins import LoginFile, StoredLogin, config_folder, only_address

URL = "https://heliostat.example"
LOGIN = StoredLogin(
    url=URL,
    client_id="heliostat-cli",
    access_token="access",
    refresh_token="refresh",
    expires_at=1_800_000_000.5,
    scope="runs:read",
)


def test_a_login_is_kept_for_its_address_and_this_user_only(tmp_path: Path) -> None:
    file = LoginFile(tmp_path, URL)
    assert file.read() is None
    file.write(LOGIN)
    assert LoginFile(tmp_path, URL).read() == LOGIN
    assert LoginFile(tmp_path, "https://other.example").read() is None
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == [file.path.name]
    file.forget()
    file.forget()
    assert file.read() is None


def test_tokens_stay_out_of_what_is_printed() -> None:
    assert "access" not in repr(LOGIN).replace("access_token", "")
    assert "refresh'" not in repr(LOGIN)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"url": 7}', "not json"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    file = LoginFile(tmp_path, URL)
    file.write(LOGIN)
    file.path.write_text(text)
    with pytest.raises(NotConfigured, match="cannot be read"):
        file.read()


def test_a_file_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    file = LoginFile(tmp_path, URL)
    file.write(LOGIN)
    file.path.chmod(0o640)
    with pytest.raises(NotConfigured, match="others may read it"):
        file.read()


def test_one_process_has_the_lock_until_it_lets_go(tmp_path: Path) -> None:
    file = LoginFile(tmp_path, URL)
    lock = file.lock()
    assert lock is not None
    assert file.lock() is None
    lock.release()
    again = file.lock()
    assert again is not None
    again.release()


def test_the_only_login_names_the_address(tmp_path: Path) -> None:
    assert only_address(tmp_path) is None
    LoginFile(tmp_path, URL).write(LOGIN)
    assert only_address(tmp_path) == URL
    LoginFile(tmp_path, "https://other.example").write(LOGIN)
    assert only_address(tmp_path) is None


def test_the_folder_can_be_chosen(tmp_path: Path) -> None:
    assert config_folder({"HELIOSTAT_CONFIG": str(tmp_path)}) == tmp_path
    assert config_folder({"XDG_CONFIG_HOME": str(tmp_path)}) == tmp_path / "heliostat"
