"""Check which scenarios a question names."""

from typing import Any

import pytest

from core.errors import InvalidInput
from core.risk import StressQuestion
from quant.risk.stress_library import LIBRARY
from quant.risk.stress_questions import stresses_asked

OWN: dict[str, Any] = {
    "name": "own",
    "curves": [{"product": "CL", "unit": "points", "positions": [1, 12], "values": [5, 1]}],
    "volatilities": [{"product": "CL", "unit": "percent", "value": 25}],
}


def names(**asked: Any) -> list[str]:
    return [stress.name for stress in stresses_asked(StressQuestion.checked(asked))]


def test_unless_any_are_named_all_of_the_library_are_meant() -> None:
    assert names() == list(LIBRARY)
    assert names(stresses=["uri-2021"]) == ["uri-2021"]
    assert names(custom=[OWN]) == ["own"]
    assert names(stresses=["uri-2021"], custom=[OWN]) == ["uri-2021", "own"]
    assert names(stresses=[]) == []


def test_an_own_scenario_moves_curves_and_volatilities() -> None:
    (stress,) = stresses_asked(StressQuestion.checked({"custom": [OWN]}))
    (curve,) = stress.curves
    assert [curve.change(position, 70.0) for position in (1, 12, 30)] == [5.0, 1.0, 1.0]
    assert curve.change(6, 70.0) == pytest.approx(5.0 - 4.0 * 5 / 11)
    (volatility,) = stress.volatilities
    assert volatility.value == 25.0
    assert stress.title == "own"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"stresses": ["tulips-1637"]}, "expected one of gulf-war-1990"),
        ({"stresses": ["uri-2021", "uri-2021"]}, "names one twice"),
        ({"custom": [OWN, OWN]}, "names one twice"),
        ({"custom": [OWN | {"curves": OWN["curves"] * 2}]}, "names a product twice"),
        ({"custom": [OWN | {"name": "Not A Name"}]}, "pattern"),
    ],
)
def test_what_is_refused(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        names(**asked)
