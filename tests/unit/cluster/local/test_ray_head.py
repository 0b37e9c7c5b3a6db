"""Check how the Ray head is started: loopback, its own ports and folders, one thread each."""

import sys
from pathlib import Path

import pytest

from cluster.local import ray_head
from cluster.local.paths import StackPaths, stack_paths
from cluster.local.ports import PortPlan

PLAN = PortPlan(8700)


@pytest.fixture
def paths(tmp_path: Path) -> StackPaths:
    return stack_paths(tmp_path, Path("/short"))


def test_the_head_stays_in_the_foreground_on_loopback(paths: StackPaths) -> None:
    words = ray_head.command(paths, PLAN, cpus=2)
    assert Path(words[0]).name == "ray"
    assert Path(words[0]).exists()
    assert words[1:4] == ["start", "--head", "--block"]
    options = dict(word.split("=", 1) for word in words if "=" in word)
    assert options["--node-ip-address"] == "127.0.0.1"
    assert options["--num-cpus"] == "2"
    assert options["--temp-dir"] == str(paths.ray_temporary)


def test_every_port_comes_from_the_plan(paths: StackPaths) -> None:
    words = ray_head.command(paths, PLAN, cpus=1)
    named = {
        int(word.rpartition("=")[2])
        for word in words
        if "port=" in word and "worker-port" not in word
    }
    environment = ray_head.environment({}, paths, PLAN)
    named |= {int(value) for name, value in environment.items() if name.endswith("_PORT")}
    own = set(PLAN.needed_at_start()) - {PLAN.api}
    replicas = {*PLAN.replicas_http, *PLAN.replicas_grpc}
    assert named == own | replicas


def test_two_stacks_share_no_port_or_path(tmp_path: Path) -> None:
    one = ray_head.environment({}, stack_paths(tmp_path / "one", Path("/short")), PLAN)
    other = ray_head.environment({}, stack_paths(tmp_path / "two", Path("/short")), PortPlan(8800))
    telling = ("_PORT", "_PATH", "_LOC", "_BASE", "_FILE")
    for name in (name for name in one if name.endswith(telling)):
        if name != "RAY_SERVE_HAPROXY_BINARY_PATH":
            assert one[name] != other[name], name


def test_everyone_needs_the_token(paths: StackPaths) -> None:
    environment = ray_head.environment({}, paths, PLAN)
    assert environment["RAY_AUTH_MODE"] == "token"
    assert environment["RAY_AUTH_TOKEN_PATH"] == str(paths.ray_token)


def test_sockets_of_the_proxy_are_in_the_private_folder(paths: StackPaths) -> None:
    environment = ray_head.environment({}, paths, PLAN)
    for name in ("CONFIG_FILE_LOC", "SOCKET_PATH", "METRICS_SOCKET_PATH", "SERVER_STATE_FILE"):
        assert Path(environment[f"RAY_SERVE_HAPROXY_{name}"]).parent == paths.haproxy
    wrapper = Path(environment["RAY_SERVE_HAPROXY_BINARY_PATH"])
    assert wrapper.name == "haproxy.sh"
    assert wrapper.is_file()
    assert Path(environment["HELIOSTAT_HAPROXY"]).is_file()


def test_only_loopback_and_the_named_proxies_say_where_a_request_comes_from(
    paths: StackPaths,
) -> None:
    environment = ray_head.environment({"FORWARDED_ALLOW_IPS": "*"}, paths, PLAN)
    assert environment["FORWARDED_ALLOW_IPS"] == "127.0.0.1,::1"
    environment = ray_head.environment({}, paths, PLAN, ("10.0.0.0/24",))
    assert environment["FORWARDED_ALLOW_IPS"] == "127.0.0.1,::1,10.0.0.0/24"


def test_numerical_libraries_get_one_thread(paths: StackPaths) -> None:
    environment = ray_head.environment({}, paths, PLAN)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        assert environment[name] == "1"


def test_only_text_is_in_the_environment(paths: StackPaths) -> None:
    assert all(isinstance(value, str) for value in ray_head.environment({}, paths, PLAN).values())


def test_a_job_finds_our_python_this_stack_and_the_guard_first(paths: StackPaths) -> None:
    inherited = {
        "PATH": "/usr/bin",
        "PYTHONPATH": "/theirs",
        "HELIOSTAT_URL": "https://elsewhere.example",
        "HELIOSTAT_KEY": "key of elsewhere",
        "LANG": "C.UTF-8",
    }
    environment = ray_head.environment(inherited, paths, PLAN)
    programs, _, rest = environment["PATH"].partition(":")
    assert Path(programs) == Path(sys.executable).parent
    assert rest == "/usr/bin"
    startup, _, rest = environment["PYTHONPATH"].partition(":")
    assert (Path(startup) / "sitecustomize.py").is_file()
    assert rest == "/theirs"
    assert environment["HELIOSTAT_DATA"] == str(paths.data)
    assert environment["LANG"] == "C.UTF-8"
    assert environment.keys().isdisjoint({"HELIOSTAT_URL", "HELIOSTAT_KEY"})
