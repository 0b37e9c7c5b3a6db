"""Hold the traffic light against the Basel Committee's table of 1996 (table 2)."""

import pytest

from core.errors import InvalidInput
from quant.coverage.traffic_light import Zone, traffic_light

TABLE = [
    (0, Zone.GREEN, 8.11, 3.00),
    (1, Zone.GREEN, 28.58, 3.00),
    (2, Zone.GREEN, 54.32, 3.00),
    (3, Zone.GREEN, 75.81, 3.00),
    (4, Zone.GREEN, 89.22, 3.00),
    (5, Zone.YELLOW, 95.88, 3.40),
    (6, Zone.YELLOW, 98.63, 3.50),
    (7, Zone.YELLOW, 99.60, 3.65),
    (8, Zone.YELLOW, 99.89, 3.75),
    (9, Zone.YELLOW, 99.97, 3.85),
    (10, Zone.RED, 99.99, 4.00),
]


@pytest.mark.parametrize(("exceptions", "zone", "percent", "factor"), TABLE)
def test_the_table(exceptions: int, zone: Zone, percent: float, factor: float) -> None:
    light = traffic_light(exceptions)
    assert light.zone is zone
    assert 100 * light.cumulative_probability == pytest.approx(percent, abs=5e-3)
    assert light.factor == factor


def test_red_has_no_end() -> None:
    assert traffic_light(250).zone is Zone.RED
    assert traffic_light(250).factor == 4.0


def test_other_samples_have_zones_but_no_factor() -> None:
    # the zones of 500 days at 99 %, by the same two limits
    zones = [traffic_light(number, 500).zone for number in (0, 8, 9, 14, 15)]
    assert zones == [Zone.GREEN, Zone.GREEN, Zone.YELLOW, Zone.YELLOW, Zone.RED]
    assert traffic_light(3, 500).factor is None
    with pytest.raises(InvalidInput):
        traffic_light(251)
