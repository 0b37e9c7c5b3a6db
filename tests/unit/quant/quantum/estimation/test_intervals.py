"""Check the proportion's interval against its definition by binomial tails."""

import pytest
from scipy.stats import binom

from quant.quantum.estimation.intervals import clopper_pearson


@pytest.mark.parametrize(("good", "shots"), [(1, 10), (37, 100), (99, 100)])
def test_tails_beyond_the_ends_weigh_half_of_alpha(good: int, shots: int) -> None:
    low, high = clopper_pearson(good, shots, 0.05)
    assert binom.sf(good - 1, shots, low) == pytest.approx(0.025)
    assert binom.cdf(good, shots, high) == pytest.approx(0.025)


def test_interval_reaches_the_ends() -> None:
    assert clopper_pearson(0, 20, 0.05)[0] == 0
    assert clopper_pearson(20, 20, 0.05)[1] == 1
