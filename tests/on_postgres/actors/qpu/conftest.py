"""Lend what the tests of this folder need."""

from collections.abc import Iterator

import pytest

from tests.ibm_vendor import RunningVendor, running_vendor


@pytest.fixture(scope="module")
def served() -> Iterator[RunningVendor]:
    with running_vendor() as vendor:
        yield vendor


@pytest.fixture
def vendor(served: RunningVendor) -> Iterator[RunningVendor]:
    yield served
    served.reset()
