"""Check what each kind of run may be asked, and that a refusal names the field."""

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.asked import MAX_SEED
from core.errors import InvalidInput
from core.mixers import Mixer
from core.products import PRODUCTS
from core.runs import RunKind
from core.specifications import SPECIFICATIONS, specification_from_json
from core.specifications.circuit import CircuitSpecification, Grid
from core.specifications.contracts import MAX_CONTRACTS
from core.specifications.landscape import LandscapeSpecification
from core.specifications.portfolio import PortfolioSpecification
from core.specifications.sweep import SweepSpecification
from quant.exhaustive import MAX_SUBSETS
from quant.quantum.basis import Basis

CHOICE: dict[str, Any] = {"products": ["CL", "NG"], "choose": 4, "of": 12}
ASKED: dict[RunKind, dict[str, Any]] = {
    RunKind.PORTFOLIO: {**CHOICE, "source": "import:rtl", "as_of": "2023-12-29", "seed": 7},
    RunKind.HEDGE: {**CHOICE, "exposure": [{"product": "CL", "contracts": -3.5}]},
    RunKind.SWEEP: {**CHOICE, "mixers": ["ring", "grover"], "seeds": [1, 2, 3]},
    RunKind.CIRCUIT: {"program": "OPENQASM 3.0;", "parameters": {"a": [0.1, 0.2]}},
    RunKind.OBSERVABLE: {"program": "OPENQASM 3.0;", "observables": [{"ZZ": 1.0, "XI": -0.5}]},
    RunKind.AMPLITUDE: {"measure": "var", "holding": {"product": "CL"}},
    RunKind.LANDSCAPE: {**CHOICE, "gamma": {"low": -1.0, "high": 1.0, "points": 5}},
    RunKind.BACKTEST: {"products": ["CL", "B"], "first": "2023-01-02", "as_of": "2023-12-29"},
    RunKind.RISK: {"book": "desk", "as_of": "2023-12-29", "levels": [0.95, 0.975], "paths": 5000},
}
OPTION = {"spot": 80.0, "strike": 75.0, "volatility": 0.3, "years": 0.5}

_CHOICE_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"products": []}, "products"),
    ({"products": ["CL", "CL"]}, "products"),
    ({"products": ["CL", "XX"]}, "products"),
    ({"choose": 0}, "choose"),
    ({"choose": -1}, "choose"),
    ({"choose": 12}, "choose"),
    ({"choose": 13}, "choose"),
    ({"of": 4}, "choose"),
    ({"of": 13}, "of"),
    ({"of": 0}, "of"),
    ({"of": MAX_CONTRACTS + 2}, "of"),
    ({"products": ["CL", "NG", "HO", "RB", "B"]}, "of"),
    ({"source": "RTL"}, "source"),
    ({"as_of": "2023-02-30"}, "as_of"),
    ({"as_of": "1577836800"}, "as_of"),
    ({"as_of": 1_577_836_800}, "as_of"),
    ({"window_days": 19}, "window_days"),
    ({"window_days": 2521}, "window_days"),
    ({"risk_aversion": -0.1}, "risk_aversion"),
    ({"risk_aversion": 1e7}, "risk_aversion"),
    ({"risk_aversion": float("nan")}, "risk_aversion"),
    ({"risk_aversion": float("inf")}, "risk_aversion"),
    ({"colour": "red"}, "colour"),
]
_REFUSED: dict[RunKind, list[tuple[dict[str, Any], str]]] = {
    RunKind.PORTFOLIO: [
        ({"shots": 0}, "shots"),
        ({"shots": 10_000_001}, "shots"),
        ({"depth": 0}, "depth"),
        ({"depth": 13}, "depth"),
        ({"starts": 0}, "starts"),
        ({"starts": 65}, "starts"),
        ({"seed": -1}, "seed"),
        ({"seed": MAX_SEED + 1}, "seed"),
        ({"mixer": "triangle"}, "mixer"),
        ({"backend": "aer:fake_atlantis"}, "backend"),
        ({"backend": "a" * 81}, "backend"),
    ],
    RunKind.HEDGE: [
        ({"exposure": []}, "exposure"),
        ({"exposure": [{"product": "CL", "contracts": 0.0}]}, "exposure"),
        ({"exposure": [{"product": "CL", "contracts": 1e7}]}, "exposure.0.contracts"),
        ({"exposure": [{"product": "CL", "contracts": 1, "position": 0}]}, "exposure.0.position"),
        ({"cost_per_contract": -1.0}, "cost_per_contract"),
    ],
    RunKind.SWEEP: [
        ({"mixers": []}, "mixers"),
        ({"mixers": ["ring", "ring"]}, "mixers"),
        ({"depths": [1, 1]}, "depths"),
        ({"seeds": [1, 1]}, "seeds"),
        ({"backends": ["aer", "aer"]}, "backends"),
        ({"backends": ["aer", "nowhere"]}, "backend"),
        ({"angles": [{"gammas": [0.1, 0.2], "betas": [0.1]}]}, "angles"),
        ({"angles": [{"gammas": [], "betas": []}]}, "angles.0.gammas"),
        ({"angles": [{"gammas": [1e7], "betas": [0.1]}]}, "angles.0.gammas.0"),
        ({"angles": [{"gammas": [0.1], "betas": [-1e7]}]}, "angles.0.betas.0"),
    ],
    RunKind.CIRCUIT: [
        ({"program": ""}, "program"),
        ({"program": "x" * 4_000_001}, "program"),
        ({"language": "qasm2"}, "language"),
        ({"parameters": {"a": []}}, "parameters"),
        ({"parameters": {"a": [1.0], "b": [1.0, 2.0]}}, "parameters"),
        ({"parameters": {"a": [float("nan")]}}, "parameters.a.0"),
        ({"parameters": {n: [0.0] * 2000 for n in "ab"}, "grid": "product"}, "parameters"),
        ({"shots": 0}, "shots"),
    ],
    RunKind.OBSERVABLE: [
        ({"observables": []}, "observables"),
        ({"observables": [{}]}, "observables"),
        ({"observables": [{"ZA": 1.0}]}, "observables"),
        ({"observables": [{"": 1.0}]}, "observables"),
        ({"observables": [{"Z": 1.0, "ZZ": 1.0}]}, "observables"),
        ({"precision": -0.1}, "precision"),
        ({"precision": 1.1}, "precision"),
    ],
    RunKind.AMPLITUDE: [
        ({"holding": None}, "holding"),
        ({"option": OPTION}, "holding"),
        ({"measure": "option"}, "option"),
        ({"measure": "option", "option": OPTION}, "option"),
        ({"holding": {"product": "CL", "contracts": 0.0}}, "contracts"),
        ({"holding": {"product": "XX"}}, "products"),
        ({"level": 0.5}, "level"),
        ({"level": 1.0}, "level"),
        ({"qubits": 1}, "qubits"),
        ({"qubits": 11}, "qubits"),
        ({"accuracy": 0.0}, "accuracy"),
        ({"alpha": 1.0}, "alpha"),
        ({"alpha": 9e-10}, "alpha"),
    ],
    RunKind.LANDSCAPE: [
        ({"gamma": {"low": 1.0, "high": 1.0}}, "low"),
        ({"gamma": {"low": 0.0, "high": 1.0, "points": 1}}, "gamma.points"),
        (
            {axis: {"low": 0.0, "high": 1.0, "points": 2001} for axis in ("gamma", "beta")},
            "gamma.points",
        ),
    ],
    RunKind.BACKTEST: [
        ({"products": []}, "products"),
        ({"products": ["CL", "XX"]}, "products"),
        ({"products": ["CL", "CL"]}, "products"),
        ({"positions": [2, 1]}, "positions"),
        ({"positions": [0]}, "positions.0"),
        ({"models": ["oracle"]}, "models.0"),
        ({"models": []}, "models"),
        ({"models": ["ewma", "ewma"]}, "models"),
        ({"windows": [99]}, "windows.0"),
        ({"windows": [500, 250]}, "windows"),
        ({"horizons": [61]}, "horizons.0"),
        ({"horizons": [1, 1]}, "horizons"),
        ({"levels": [0.005]}, "levels.0"),
        ({"levels": [float("nan")]}, "levels.0"),
        ({"confidences": [0.999]}, "confidences.0"),
        ({"first": "2023-12-29"}, "first"),
        ({"period_months": 0}, "period_months"),
        ({"source": "RTL"}, "source"),
        ({"window": 500}, "window"),
    ],
    RunKind.RISK: [
        ({"book": None}, "book"),
        ({"positions": [{"kind": "future", "instrument": "CL-202612", "contracts": 1}]}, "book"),
        ({"book": "A Book"}, "book"),
        ({"version": 0}, "version"),
        ({"paths": 999}, "paths"),
        ({"paths": 10_000_001}, "paths"),
        ({"levels": [0.99, 0.95]}, "levels"),
        ({"levels": [0.4]}, "levels.0"),
        ({"method": "parametric"}, "method"),
        ({"method": "guess"}, "method"),
        ({"method": "historical"}, "horizon_days"),
        ({"degrees_of_freedom": 2.0}, "degrees_of_freedom"),
        ({"as_of": "2023-02-30"}, "as_of"),
        ({"seed": -1}, "seed"),
    ],
}
_CHOOSING = (RunKind.PORTFOLIO, RunKind.HEDGE, RunKind.SWEEP, RunKind.LANDSCAPE)
REFUSED = [(RunKind.PORTFOLIO, *case) for case in _CHOICE_REFUSED] + [
    (kind, *case) for kind, cases in _REFUSED.items() for case in cases
]
ACCEPTED: list[tuple[RunKind, dict[str, Any]]] = [
    (RunKind.PORTFOLIO, {"choose": 1}),
    (RunKind.PORTFOLIO, {"choose": 11}),
    (RunKind.PORTFOLIO, {"of": MAX_CONTRACTS, "choose": MAX_CONTRACTS // 2}),
    (RunKind.PORTFOLIO, {"shots": 1, "depth": 12, "starts": 64, "seed": MAX_SEED}),
    (RunKind.PORTFOLIO, {"window_days": 20, "risk_aversion": 0.0, "as_of": None}),
    (RunKind.PORTFOLIO, {"window_days": 2520, "seed": 0, "mixer": "ring-exact"}),
    (RunKind.CIRCUIT, {"parameters": {n: [0.5] * 1000 for n in "ab"}, "grid": "product"}),
    (RunKind.CIRCUIT, {"language": "qpy", "parameters": {}, "backend": "ibm:ibm_fez"}),
    (RunKind.OBSERVABLE, {"precision": 1.0}),
    (RunKind.AMPLITUDE, {"measure": "option", "holding": None, "option": OPTION}),
]


def checked(kind: RunKind, changes: dict[str, Any]) -> Any:
    return specification_from_json(kind, {**ASKED[kind], **changes})


@pytest.mark.parametrize(("kind", "changes", "field"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_value_that_breaks_a_rule_is_named(
    kind: RunKind, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked(kind, changes)
    assert caught.value.context["field"] == field
    assert len(caught.value.detail) < 1100


@pytest.mark.parametrize(("kind", "changes"), ACCEPTED, ids=lambda value: str(value)[:60])
def test_the_bounds_themselves_are_allowed(kind: RunKind, changes: dict[str, Any]) -> None:
    answer = checked(kind, changes).to_json()
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(answer[name], dict):
            assert answer[name].items() >= value.items()
        else:
            assert answer[name] == value


@pytest.mark.parametrize("kind", RunKind)
def test_every_kind_has_a_specification_that_survives_the_wire(kind: RunKind) -> None:
    specification = specification_from_json(kind, ASKED[kind])
    wire = json.loads(json.dumps(specification.to_json()))
    assert specification_from_json(kind, wire) == specification
    assert set(wire) == set(SPECIFICATIONS[kind].model_fields)


@pytest.mark.parametrize("kind", RunKind)
def test_no_field_is_unknown_and_none_can_be_changed(kind: RunKind) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked(kind, {"collation": 1})
    assert caught.value.context["field"] == "collation"
    specification = specification_from_json(kind, ASKED[kind])
    with pytest.raises(ValidationError, match="frozen"):
        specification.seed = 8  # type: ignore[attr-defined]


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"expected one of portfolio, hedge, .* was 'alchemy'"):
        specification_from_json("alchemy", {})


@pytest.mark.parametrize("kind", _CHOOSING)
def test_every_kind_that_chooses_contracts_keeps_the_rules_of_a_choice(kind: RunKind) -> None:
    for changes, field in _CHOICE_REFUSED:
        with pytest.raises(InvalidInput) as caught:
            checked(kind, changes)
        assert caught.value.context["field"] == field


def test_positions_are_spread_evenly() -> None:
    assert checked(RunKind.PORTFOLIO, {}).positions_per_product == 6
    assert checked(RunKind.PORTFOLIO, {"products": ["CL"]}).positions_per_product == 12


def test_a_source_that_was_not_chosen_is_not_read() -> None:
    assert checked(RunKind.PORTFOLIO, {}).settled_source == "import:rtl"
    with pytest.raises(InvalidInput, match="source: no source was chosen"):
        _ = checked(RunKind.PORTFOLIO, {"source": None}).settled_source


def test_what_is_allowed_can_be_simulated_and_searched_exhaustively() -> None:
    assert Basis(MAX_CONTRACTS, MAX_CONTRACTS // 2).size <= MAX_SUBSETS


@st.composite
def portfolios(draw: st.DrawFn) -> PortfolioSpecification:
    products = draw(st.lists(st.sampled_from(sorted(PRODUCTS)), min_size=1, unique=True))
    least = 2 if len(products) == 1 else 1
    of = draw(st.integers(least, MAX_CONTRACTS // len(products))) * len(products)
    return PortfolioSpecification(
        products=tuple(products),
        choose=draw(st.integers(1, of - 1)),
        of=of,
        source=draw(st.none() | st.sampled_from(["cme", "sandbox", "import:a-1"])),
        as_of=draw(st.none() | st.dates()),
        seed=draw(st.integers(0, MAX_SEED)),
        risk_aversion=draw(st.floats(0.0, 1e6)),
        window_days=draw(st.integers(20, 2520)),
        depth=draw(st.integers(1, 12)),
        shots=draw(st.integers(1, 10_000_000)),
        starts=draw(st.integers(1, 64)),
        mixer=draw(st.sampled_from(Mixer)),
    )


@given(portfolios())
def test_json_round_trip(specification: PortfolioSpecification) -> None:
    wire = json.loads(json.dumps(specification.to_json()))
    assert PortfolioSpecification.checked(wire) == specification


grids = st.dictionaries(
    st.text(min_size=1, max_size=4),
    st.lists(st.floats(-10.0, 10.0), min_size=1, max_size=4),
    max_size=4,
)


@given(grids, st.integers(0, 300), st.integers(0, 300))
def test_a_product_takes_every_combination_the_last_parameter_fastest(
    parameters: dict[str, list[float]], first: int, last: int
) -> None:
    values = {"program": "OPENQASM 3.0;", "parameters": parameters, "grid": "product"}
    specification = CircuitSpecification.checked(values)
    expected = list(product(*parameters.values()))
    assert specification.points == len(expected)
    assert specification.rows(0, specification.points) == expected
    low, high = sorted((first, last))
    assert specification.rows(low, high) == expected[low:high]


@given(
    st.integers(1, 3),
    st.lists(st.tuples(*[st.floats(-1.0, 1.0)] * 3), min_size=1, max_size=20),
    st.integers(0, 25),
    st.integers(0, 25),
)
def test_lists_side_by_side_make_one_point_of_each_place(
    width: int, points: list[tuple[float, ...]], first: int, last: int
) -> None:
    columns = list(zip(*points, strict=True))[:width]
    parameters = {f"p{number}": list(column) for number, column in enumerate(columns)}
    specification = CircuitSpecification.checked(
        {"program": "OPENQASM 3.0;", "parameters": parameters}
    )
    assert specification.grid is Grid.ZIP
    assert specification.points == len(points)
    low, high = sorted((first, last))
    assert specification.rows(low, high) == [point[:width] for point in points[low:high]]


def test_a_sweep_counts_its_combinations() -> None:
    values = {
        **CHOICE,
        "mixers": ["ring", "complete"],
        "depths": [1, 2, 3],
        "seeds": [1, 2, 3, 4],
        "backends": ["subspace", "aer", "aer:fake_fez", "aer:fake_lima", "auto"],
    }
    assert SweepSpecification.checked(values).points == 2 * 3 * 4 * 5
    angles = [{"gammas": [0.1], "betas": [0.2]}] * 7
    assert SweepSpecification.checked({**values, "angles": angles}).points == 2 * 7 * 4 * 5


def test_a_landscape_counts_its_grid() -> None:
    axis = {"low": 0.0, "high": 1.0, "points": 11}
    landscape = LandscapeSpecification.checked({**CHOICE, "gamma": axis})
    assert landscape.points == 11 * 41


def test_a_grid_beyond_all_bounds_is_refused_in_one_line() -> None:
    columns = {f"p{index}": [0.0, 1.0] for index in range(1000)}
    with pytest.raises(InvalidInput, match=r"expected at most 2,000,000 points, was far more$"):
        CircuitSpecification.checked({"program": "x", "parameters": columns, "grid": "product"})
