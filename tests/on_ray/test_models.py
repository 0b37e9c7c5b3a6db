"""Kill a model's process and compare what it says before and after."""

import os
import signal

import msgspec
import psutil
import pytest
import redis

from cluster.local import valkey
from cluster.local.addresses import valkey_config
from cluster.local.paths import stack_paths
from cluster.local.reaper import stack_processes
from core.forecasts import Forecast
from tests.on_ray.conftest import Stack, wait_for

pytestmark = pytest.mark.ray

PRODUCT = "CL"
KEY = f"forecast:{PRODUCT}"
ESTIMATED_WITHIN_S = 240.0


def model_processes(stack: Stack) -> list[psutil.Process]:
    return [
        process
        for process in stack_processes(stack_paths(stack.data).stack_id)
        if any(word.startswith("ray::ModelActor") for word in process.cmdline())
    ]


def test_a_model_that_is_killed_says_the_same_to_the_last_digit(stack: Stack) -> None:
    paths = stack_paths(stack.data)
    with redis.Redis.from_url(valkey.cache_url(valkey_config(paths))) as cache:
        before = wait_for(lambda: cache.get(KEY), ESTIMATED_WITHIN_S)
        [process] = model_processes(stack)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        cache.delete(KEY)
        after = wait_for(lambda: cache.get(KEY), ESTIMATED_WITHIN_S)
        assert [one.pid for one in model_processes(stack)] != [process.pid]
    forecast = msgspec.json.decode(before, type=Forecast)
    assert msgspec.json.decode(after, type=Forecast) == forecast
    assert (forecast.product, forecast.source) == (PRODUCT, "sandbox")
    assert len(forecast.contracts) == 12
