"""Hold the tails against numerical integration, and printed constants."""

import pytest
from scipy.integrate import quad
from scipy.stats import norm, t

from core.errors import InvalidInput
from quant.risk.standard_tails import StandardTail


def test_printed_constants_of_the_normal() -> None:
    tail = StandardTail()
    assert tail.value_at_risk(0.99) == pytest.approx(2.3263, abs=5e-5)
    assert tail.expected_shortfall(0.975) == pytest.approx(2.3378, abs=5e-5)
    assert tail.expected_shortfall(0.99) == pytest.approx(2.6652, abs=5e-5)


@pytest.mark.parametrize("freedom", [None, 2.5, 4.0, 30.0])
@pytest.mark.parametrize("level", [0.9, 0.975, 0.999])
def test_shortfall_is_the_mean_beyond_the_value_at_risk(
    freedom: float | None, level: float
) -> None:
    tail = StandardTail(degrees_of_freedom=freedom)
    losses = norm() if freedom is None else t(freedom, scale=((freedom - 2) / freedom) ** 0.5)
    var = tail.value_at_risk(level)
    assert losses.sf(var) == pytest.approx(1 - level, rel=1e-8)
    mean = quad(lambda u: float(losses.isf(u)), 0.0, 1 - level, epsabs=1e-12, limit=500)[0]
    assert tail.expected_shortfall(level) == pytest.approx(mean / (1 - level), rel=1e-4)


def test_what_has_no_variance_is_refused() -> None:
    with pytest.raises(InvalidInput):
        StandardTail(degrees_of_freedom=2.0)
    with pytest.raises(InvalidInput):
        StandardTail().value_at_risk(1.0)
    with pytest.raises(InvalidInput):
        StandardTail().expected_shortfall(0.0)
