"""Check the stand-in for the HAProxy program: what it rewrites and what it passes on."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "cluster" / "local" / "haproxy.sh"
CONFIG = """global
    stats socket /run/admin.sock mode 666 level admin expose-fd listeners
    maxconn 666
defaults
    mode http
frontend metrics
    bind :9101
frontend http_frontend
    bind 127.0.0.1:8700
frontend grpc
    bind 0.0.0.0:9000 proto h2
listen stats
  bind *:8404
    server one 10.0.0.1:80 # mode 666
"""
REWRITTEN = """global
    stats socket /run/admin.sock mode 600 level admin expose-fd listeners
    maxconn 666
defaults
    option forwardfor
    mode http
frontend metrics
    bind 127.0.0.1:9101
frontend http_frontend
    ONE_NAME
    bind 127.0.0.1:8700
frontend grpc
    bind 127.0.0.1:9000 proto h2
listen stats
  bind 127.0.0.1:8404
    server one 10.0.0.1:80 # mode 666
"""

NAME = "http-response set-header x-request-id %[res.fhdr(x-request-id,1)]"
REWRITTEN = REWRITTEN.replace("ONE_NAME", f"{NAME} if {{ res.fhdr(x-request-id) -m found }}")


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "the binary"
    path.write_text('#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done\nexit 7\n')
    path.chmod(0o700)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "with space" / "haproxy.cfg"
    path.parent.mkdir()
    path.write_text(CONFIG)
    return path


def run(binary: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), *words],
        env={"PATH": "/usr/bin:/bin", "HELIOSTAT_HAPROXY": str(binary)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_binds_are_loopback_and_the_socket_private(binary: Path, config: Path) -> None:
    done = run(binary, "-db", "-f", str(config))
    assert done.stdout.splitlines() == ["-db", "-f", f"{config}.loopback"]
    assert Path(f"{config}.loopback").read_text() == REWRITTEN
    assert config.read_text() == CONFIG
    assert sorted(path.name for path in config.parent.iterdir()) == [
        "haproxy.cfg",
        "haproxy.cfg.loopback",
    ]
    assert done.returncode == 7
    assert done.stderr == ""


def test_the_words_of_a_reload_are_kept(binary: Path, config: Path) -> None:
    words = ["-sf", "41", "42", "-x", "/run/a socket", "$(touch x)", "*", ""]
    done = run(binary, "-db", "-f", str(config), *words)
    assert done.stdout.splitlines() == ["-db", "-f", f"{config}.loopback", *words]


def test_words_without_a_file_are_passed_as_they_are(binary: Path) -> None:
    assert run(binary, "-v").stdout.splitlines() == ["-v"]
    assert run(binary).stdout.splitlines() == []


def test_a_file_that_is_missing_starts_nothing(binary: Path, tmp_path: Path) -> None:
    done = run(binary, "-f", str(tmp_path / "none.cfg"))
    assert done.returncode not in (0, 7)
    assert done.stdout == ""


def test_the_template_of_the_server_is_covered(binary: Path, tmp_path: Path) -> None:
    ray = importlib.util.find_spec("ray")
    assert ray is not None
    assert ray.origin is not None
    templates = Path(ray.origin).parent / "serve" / "_private" / "haproxy_templates.py"
    lines = templates.read_text().splitlines()
    telling = [line for line in lines if line.lstrip().startswith(("bind ", "stats socket "))]
    assert len(telling) >= 4
    for section in ("defaults", "frontend http_frontend"):
        assert lines.count(section) == 1
        telling.append(section)
    config = tmp_path / "haproxy.cfg"
    config.write_text("\n".join(telling).replace("_host }}", "_host").replace("{{", "") + "\n")
    run(binary, "-f", str(config))
    rewritten = Path(f"{config}.loopback").read_text()
    assert "666" not in rewritten
    assert "option forwardfor" in rewritten
    assert "set-header x-request-id" in rewritten
    for wide in ("*:", "0.0.0.0:", "bind :"):
        assert wide not in rewritten


def test_the_script_may_be_executed() -> None:
    assert SCRIPT.stat().st_mode & 0o111
