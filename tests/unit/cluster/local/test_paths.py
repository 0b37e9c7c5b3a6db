"""Check where a stack keeps its files, and that nobody else may enter."""

import os
from pathlib import Path

import pytest

from cluster.local.paths import make_private, stack_paths
from core.errors import StackError

OTHER_UID = 54_321
KERNEL_LIMIT_BYTES = 107


def test_each_data_folder_is_a_stack_of_its_own(tmp_path: Path) -> None:
    one = stack_paths(tmp_path / "one", Path("/short"))
    other = stack_paths(tmp_path / "other", Path("/short"))
    assert one.stack_id != other.stack_id
    assert one.runtime != other.runtime
    assert str(os.getuid()) in one.runtime.name


def test_the_same_folder_by_another_name_is_the_same_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "link").symlink_to(data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    names = [data, Path("data"), Path("link"), Path("~/data"), tmp_path / "x" / ".." / "data"]
    assert len({stack_paths(name, Path("/short")) for name in names}) == 1


def test_lasting_files_lie_in_data_and_sockets_in_runtime(tmp_path: Path) -> None:
    paths = stack_paths(tmp_path, Path("/short"))
    lasting = [paths.postgres_data, paths.logs, paths.credentials, paths.client, paths.state]
    assert {path.parent for path in [*lasting, paths.lock, paths.ray_token]} == {tmp_path}
    sockets = [paths.ray_temporary, paths.haproxy, paths.postgres_sockets, paths.valkey_sockets]
    assert {path.parent for path in sockets} == {paths.runtime}
    assert len(set(lasting)) == len(lasting)
    assert len(set(sockets)) == len(sockets)


def test_a_deep_data_folder_is_no_obstacle(tmp_path: Path) -> None:
    stack_paths(tmp_path / ("deep" * 30) / ("deeper" * 30), Path("/short"))


def test_the_longest_temporary_folder_still_holds_every_socket() -> None:
    longest = None
    for length in range(1, KERNEL_LIMIT_BYTES):
        try:
            longest = stack_paths(Path("/data"), Path("/" + "t" * length))
        except StackError:
            break
    assert longest is not None
    sockets = [
        longest.ray_temporary / "session_2026-01-01_00-00-00_000000_0000000/sockets/plasma_store",
        longest.postgres_sockets / ".s.PGSQL.5432",
        longest.valkey_sockets / "valkey.sock",
    ]
    assert max(len(os.fsencode(socket)) for socket in sockets) <= KERNEL_LIMIT_BYTES


def test_a_temporary_folder_too_deep_is_one_clear_line() -> None:
    with pytest.raises(StackError) as caught:
        stack_paths(Path("/data"), Path("/" + "t" * 90))
    assert "bytes too long for socket paths" in caught.value.detail
    assert "TMPDIR" in caught.value.context["remedy"]
    assert "\n" not in caught.value.detail


def test_length_is_counted_in_bytes() -> None:
    stack_paths(Path("/data"), Path("/" + "t" * 12))
    with pytest.raises(StackError):
        stack_paths(Path("/data"), Path("/" + "é" * 12))


def test_folders_are_made_private(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_way_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StackError, match="cannot be written") as caught:
            make_private(folder)
        assert caught.value.context["remedy"] == "Name another with --data."


def test_a_folder_of_another_user_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o755)
    monkeypatch.setattr("os.getuid", lambda: OTHER_UID)
    with pytest.raises(StackError, match="belongs to another user"):
        make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a link away")
def test_a_link_of_another_user_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "ours"
    target.mkdir(mode=0o755)
    link = tmp_path / "runtime"
    link.symlink_to(target)
    os.lchown(link, OTHER_UID, OTHER_UID)
    with pytest.raises(StackError, match=f"uid {OTHER_UID}"):
        make_private(link)
    assert target.stat().st_mode & 0o777 == 0o755
