"""Keep the house: sizes, directions, picklable errors, and what Ray is asked for."""

import ast
import json
import pickle
import re
import statistics
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml

from core.errors import HeliostatError, all_error_classes

ROOT = Path(__file__).parent.parent
ROOMS = ("actors", "cluster", "core", "integrations", "jobs", "quant", "serve", "storage")
CODE = (*ROOMS, "benchmarks", "clients/python/heliostat")
OPTION_NAMES = re.compile(
    r"num_cpus|max_restarts|max_task_retries|max_ongoing_requests|max_retries"
)


def tracked(*folders: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if name.endswith(".py") and (ROOT / name).exists()]


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions_of(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text())
    return [
        (f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    ]


def percentile_90(values: list[int]) -> float:
    return statistics.quantiles(values, n=10)[-1]


def test_files_hold_one_idea() -> None:
    sizes = {path: lines_of(path) for path in tracked(*CODE)}
    assert [str(path) for path, size in sizes.items() if size > 500] == []
    assert percentile_90([size for size in sizes.values() if size]) <= 350


def test_test_files_stay_readable() -> None:
    assert [str(path) for path in tracked("tests") if lines_of(path) > 600] == []


def test_functions_can_be_seen_whole() -> None:
    sizes = [found for path in tracked(*CODE) for found in functions_of(path)]
    assert [name for name, size in sizes if size > 80] == []
    assert percentile_90([size for _, size in sizes]) <= 40


def test_every_module_says_what_it_owns() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked(*CODE)
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    ]
    assert silent == []


@pytest.mark.parametrize("kind", all_error_classes(), ids=lambda kind: kind.__name__)
def test_errors_survive_the_way_between_processes(kind: type[HeliostatError]) -> None:
    names = kind.__init__.__code__.co_varnames[1 : 1 + kind.__init__.__code__.co_kwonlyargcount]
    error = kind(**{name: f"the {name}" for name in names})
    returned = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(returned) is kind
    assert returned.context == error.context
    assert returned.detail == error.detail


def test_error_codes_are_unique() -> None:
    codes = [kind.code for kind in all_error_classes()]
    assert sorted(set(codes)) == sorted(codes)


def test_ray_options_live_in_the_remote_tables_only() -> None:
    allowed = {ROOT / room / "remote.py" for room in ("actors", "jobs", "serve")}
    elsewhere = [
        str(path.relative_to(ROOT))
        for path in tracked(*ROOMS)
        if path not in allowed and OPTION_NAMES.search(path.read_text())
    ]
    assert elsewhere == []


def test_ray_cluster_file_passes_rays_own_schema() -> None:
    import ray.autoscaler

    schema = Path(ray.autoscaler.__file__).with_name("ray-schema.json")
    config = yaml.safe_load((ROOT / "ray-cluster.yaml").read_text())
    jsonschema.validate(config, json.loads(schema.read_text()))
    assert config["head_node_type"] in config["available_node_types"]


def test_actors_and_tasks_fit_the_cluster() -> None:
    from actors.remote import ACTOR_OPTIONS
    from jobs.remote import TASK_OPTIONS
    from serve.remote import DEPLOYMENT_OPTIONS

    config = yaml.safe_load((ROOT / "ray-cluster.yaml").read_text())
    nodes = config["available_node_types"]
    head = nodes[config["head_node_type"]]["resources"]["CPU"]
    replicas = [
        options["ray_actor_options"]["num_cpus"]
        * options.get("autoscaling_config", {}).get("max_replicas", options.get("num_replicas", 1))
        for options in DEPLOYMENT_OPTIONS.values()
    ]
    standing = sum(options["num_cpus"] for options in ACTOR_OPTIONS.values()) + sum(replicas)
    assert standing <= head
    widest = max(node["resources"]["CPU"] for node in nodes.values())
    assert max(options["num_cpus"] for options in TASK_OPTIONS.values()) <= widest
    known = {name for node in nodes.values() for name in node["resources"]}
    asked = {
        name
        for options in (*ACTOR_OPTIONS.values(), *TASK_OPTIONS.values())
        for name in options.get("resources", {})
    }
    assert asked <= known
