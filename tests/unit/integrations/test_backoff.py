from itertools import pairwise
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from integrations.backoff import backoff_s


@given(st.integers(0, 10_000), st.integers(0, 2**32))
def test_waits_stay_below_the_cap(attempt: int, seed: int) -> None:
    wait_s = backoff_s(attempt, Random(seed))
    assert 0.0 <= wait_s <= min(60.0, 0.5 * 2.0 ** min(attempt, 64))


def test_waits_grow_and_do_not_synchronise() -> None:
    generator = np.random.default_rng(1)
    means = [np.mean([backoff_s(n, generator) for _ in range(400)]) for n in range(10)]
    assert all(later > 1.5 * earlier for earlier, later in pairwise(means[:7]))
    # A hundred feeds dropped at once: no second of the minute holds more than a fifth of them.
    waits = [backoff_s(20, generator) for _ in range(100)]
    assert np.histogram(waits, bins=60, range=(0.0, 60.0))[0].max() <= 20
