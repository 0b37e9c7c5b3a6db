"""Check what a portfolio may be asked for, and which way a run may go."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput
from core.products import PRODUCTS
from core.runs import (
    ALLOWED_TRANSITIONS,
    MAX_CONTRACTS,
    PortfolioSpecification,
    RunStatus,
)
from quant.exhaustive import MAX_SUBSETS
from quant.quantum.basis import Basis

ASKED = PortfolioSpecification(
    products=("CL", "NG"), choose=4, of=12, source="import:rtl", as_of=date(2023, 12, 29), seed=7
)

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"products": ()}, "products"),
    ({"products": ("CL", "CL")}, "products"),
    ({"products": ("CL", "XX")}, "products"),
    ({"choose": 0}, "choose"),
    ({"choose": -1}, "choose"),
    ({"choose": 12}, "choose"),
    ({"choose": 13}, "choose"),
    ({"of": 4}, "choose"),
    ({"of": 13}, "of"),
    ({"of": MAX_CONTRACTS + 2}, "of"),
    ({"products": ("CL", "NG", "HO", "RB", "B")}, "of"),
    ({"source": "RTL"}, "source"),
    ({"shots": 0}, "shots"),
    ({"shots": -5}, "shots"),
    ({"shots": 1_000_001}, "shots"),
    ({"depth": 0}, "depth"),
    ({"depth": 13}, "depth"),
    ({"starts": 0}, "starts"),
    ({"starts": 65}, "starts"),
    ({"window_days": 19}, "window_days"),
    ({"window_days": 2521}, "window_days"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**63}, "seed"),
    ({"risk_aversion": -0.1}, "risk_aversion"),
    ({"risk_aversion": 1e7}, "risk_aversion"),
    ({"risk_aversion": float("nan")}, "risk_aversion"),
    ({"risk_aversion": float("inf")}, "risk_aversion"),
]

ACCEPTED: list[dict[str, Any]] = [
    {"choose": 1},
    {"choose": 11},
    {"of": MAX_CONTRACTS, "choose": MAX_CONTRACTS // 2},
    {"shots": 1},
    {"shots": 1_000_000},
    {"depth": 12},
    {"starts": 64},
    {"window_days": 20},
    {"window_days": 2520},
    {"seed": 0},
    {"seed": 2**63 - 1},
    {"risk_aversion": 0.0},
    {"as_of": None},
]


@pytest.mark.parametrize(("changes", "field"), REFUSED, ids=str)
def test_a_value_that_breaks_a_rule_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        replace(ASKED, **changes)
    assert caught.value.context["field"] == field
    assert caught.value.detail.startswith(f"{field}: ")


@pytest.mark.parametrize("changes", ACCEPTED, ids=str)
def test_the_bounds_themselves_are_allowed(changes: dict[str, Any]) -> None:
    assert (
        replace(ASKED, **changes).to_json().items()
        >= {name: value for name, value in changes.items() if name != "as_of"}.items()
    )


def test_positions_are_spread_evenly() -> None:
    assert ASKED.positions_per_product == 6
    assert replace(ASKED, products=("CL",)).positions_per_product == 12


def test_what_is_allowed_can_be_simulated_and_searched_exhaustively() -> None:
    largest = Basis(MAX_CONTRACTS, MAX_CONTRACTS // 2)
    assert largest.size <= MAX_SUBSETS


@st.composite
def specifications(draw: st.DrawFn) -> PortfolioSpecification:
    products = draw(st.lists(st.sampled_from(sorted(PRODUCTS)), min_size=1, unique=True))
    least = 2 if len(products) == 1 else 1
    each = draw(st.integers(least, MAX_CONTRACTS // len(products)))
    of = each * len(products)
    return PortfolioSpecification(
        products=tuple(products),
        choose=draw(st.integers(1, of - 1)),
        of=of,
        source=draw(st.sampled_from(["cme", "sandbox", "import:a-1"])),
        as_of=draw(st.none() | st.dates()),
        seed=draw(st.integers(0, 2**63 - 1)),
        risk_aversion=draw(st.floats(0.0, 1e6)),
        window_days=draw(st.integers(20, 2520)),
        depth=draw(st.integers(1, 12)),
        shots=draw(st.integers(1, 1_000_000)),
        starts=draw(st.integers(1, 64)),
    )


@given(specifications())
def test_json_round_trip(specification: PortfolioSpecification) -> None:
    wire = json.loads(json.dumps(specification.to_json()))
    assert PortfolioSpecification.from_json(wire) == specification


def test_json_is_checked_when_read() -> None:
    with pytest.raises(InvalidInput):
        PortfolioSpecification.from_json({**ASKED.to_json(), "shots": 0})


def test_final_states_are_left_by_no_transition() -> None:
    assert set(ALLOWED_TRANSITIONS) == set(RunStatus)
    for status, following in ALLOWED_TRANSITIONS.items():
        assert status.is_final == (not following)
        assert status not in following
        if not status.is_final:
            assert {RunStatus.FAILED, RunStatus.CANCELLED} <= following
