"""Check the bounds of each check before a start, and what each failure says."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.local import preflight
from cluster.local.paths import stack_paths
from cluster.local.ports import PortPlan
from cluster.local.preflight import (
    MIN_FREE_DISK_BYTES,
    MIN_FREE_MEMORY_BYTES,
    MIN_SHARED_MEMORY_BYTES,
    Finding,
    examine,
    require_disk,
    require_memory,
    require_shared_memory,
)
from core.errors import StackError

BOUNDS: list[tuple[Callable[[int], None], int, str]] = [
    (lambda free: require_disk(free, Path("/data")), MIN_FREE_DISK_BYTES, "--data"),
    (require_memory, MIN_FREE_MEMORY_BYTES, "Close other programs"),
    (require_shared_memory, MIN_SHARED_MEMORY_BYTES, "/dev/shm"),  # noqa: S108 - Ray's place
]


@pytest.mark.parametrize(("check", "least", "remedy"), BOUNDS, ids=["disk", "memory", "shared"])
def test_the_bound_itself_is_enough(check: Callable[[int], None], least: int, remedy: str) -> None:
    check(least)
    with pytest.raises(StackError) as caught:
        check(least - 1)
    assert f"{least // 1024**2} are needed" in caught.value.context["problem"]
    assert f"Only {least // 1024**2 - 1} MiB" in caught.value.context["problem"]
    assert remedy in caught.value.context["remedy"]
    assert "\n" not in caught.value.detail


def test_every_check_is_reported_though_some_fail() -> None:
    def fail() -> None:
        raise StackError(problem="No room.", remedy="Make some.")

    assert examine([("one", lambda: None), ("two", fail), ("three", lambda: None)]) == [
        Finding(check="one", passed=True, detail="ok"),
        Finding(check="two", passed=False, detail="No room.", remedy="Make some."),
        Finding(check="three", passed=True, detail="ok"),
    ]


def test_the_checks_make_their_folders_before_they_measure_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free: list[tuple[PortPlan, tuple[int, ...]]] = []
    monkeypatch.setattr(preflight, "require_free", lambda *asked: free.append(asked))
    paths = stack_paths(tmp_path / "data", Path("/short"))
    monkeypatch.setattr(type(paths), "runtime", tmp_path / "runtime", raising=False)
    called: list[str] = []
    listed = preflight.checks(paths, PortPlan(8700), lambda: called.append("version"))
    assert [name for name, _ in listed] == [
        "data folder",
        "runtime folder",
        "disk",
        "memory",
        "shared memory",
        "database version",
        "ports",
    ]
    findings = examine(listed)
    assert {finding.check for finding in findings if finding.passed} >= {
        "data folder",
        "runtime folder",
        "database version",
        "ports",
    }
    assert paths.data.is_dir()
    assert called == ["version"]
    assert free == [(PortPlan(8700), PortPlan(8700).needed_at_start())]
