from datetime import date, timedelta

import numpy as np
import pytest

from core.errors import UnknownProduct
from quant.calendars import business_days
from quant.forecast.day_effects import CLASSES, DayEffects, class_of
from quant.holidays import Calendar


@pytest.mark.parametrize(
    ("product", "day", "expected"),
    [
        ("CL", date(2023, 6, 12), 0),  # Monday after an ordinary weekend
        ("CL", date(2023, 6, 14), 2),
        ("CL", date(2023, 6, 16), 4),
        ("CL", date(2023, 7, 5), 5),  # Wednesday after Independence Day
        ("CL", date(2023, 5, 30), 5),  # Tuesday after Memorial Day
        ("NG", date(2023, 4, 10), 5),  # Monday after Good Friday
        ("B", date(2023, 7, 4), 6),  # Brent settles, New York is closed
        ("B", date(2023, 7, 5), 2),
        ("TTF", date(2022, 12, 27), 5),
    ],
)
def test_days_have_the_class_that_calendars_give(product: str, day: date, expected: int) -> None:
    assert class_of(product, day) == expected


def test_unknown_products_have_no_days() -> None:
    with pytest.raises(UnknownProduct):
        class_of("XX", date(2023, 6, 12))


def test_effects_are_learnt_and_begin_at_one() -> None:
    days = business_days(date(2010, 1, 4), date(2017, 12, 29), Calendar.NYMEX)
    effects = DayEffects.begin("NG", half_life=1_000.0, prior_days=100.0)
    np.testing.assert_array_equal(effects.factors(days[:5]), 1.0)
    sizes = np.abs(np.random.default_rng(0).standard_normal(len(days)))
    for day, size in zip(days, sizes, strict=True):
        effects = effects.update(day, float(size) * (1.5 if day.weekday() == 3 else 1.0))
    thursday = date(2018, 1, 11)
    around = effects.factors([thursday + timedelta(days=n) for n in (-1, 0, 1)])
    # 1.5 over the mean of 1.1, of which some 250 of 350 days are seen
    assert around[1] == pytest.approx(1.0 + (1.5 / 1.1 - 1.0) * 250 / 350, abs=0.06)
    np.testing.assert_allclose(around[[0, 2]], 1.0 + (1.0 / 1.1 - 1.0) * 250 / 350, atol=0.06)


def test_one_day_of_any_size_moves_little() -> None:
    effects = DayEffects.begin("CL", half_life=1_000.0, prior_days=100.0)
    for day in business_days(date(2020, 1, 2), date(2020, 4, 17), Calendar.NYMEX):
        effects = effects.update(day, 0.8)
    before = effects.factors([date(2020, 4, 27)])
    after = effects.update(date(2020, 4, 20), 25.0).factors([date(2020, 4, 27)])
    assert effects.sums.shape == (CLASSES,)
    assert after[0] == pytest.approx(before[0], abs=0.05)
