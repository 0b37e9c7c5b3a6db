"""Start a Ray head of its own, with two cores and nothing around it, and connect to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray._private.authentication_test_utils import reset_auth_token_state

from benchmarks.fan_out.head import ray_head_alone
from tests.on_ray.conftest import free_base_port


@pytest.fixture(scope="session")
def _head() -> Iterator[None]:
    bodies = Path(__file__).parent
    with (
        ray_head_alone(free_base_port(25_100), cpus=2, path=bodies) as head,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name, value in head.environment.items():
            if name.startswith("RAY_"):
                patch.setenv(name, value)
        reset_auth_token_state()
        ray.init(address=head.address, log_to_driver=False, configure_logging=False)
        try:
            yield
        finally:
            ray.shutdown()
    reset_auth_token_state()
