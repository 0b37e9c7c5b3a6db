"""Check what answers say of each other."""

import json
import math

from quant.answers import Answer, Method, best_answer

FOUND = Answer(method=Method.TABU, objective=-2.0, chosen=(0, 3), evaluated=100, elapsed_s=0.5)
BOUNDED = Answer(
    method=Method.BRANCH_AND_BOUND, objective=-1.5, chosen=(0, 1), evaluated=9, bound=-2.25
)
PROVEN = Answer(
    method=Method.INTEGER_PROGRAM,
    objective=-2.0,
    chosen=(1, 3),
    evaluated=1,
    bound=-2.0,
    proven=True,
)


def test_what_one_found_another_bounds() -> None:
    best = best_answer([BOUNDED, FOUND])
    assert (best.method, best.chosen, best.gap, best.proven) == (Method.TABU, (0, 3), 0.25, False)


def test_a_proof_by_one_is_a_proof_of_the_best() -> None:
    best = best_answer([FOUND, BOUNDED, PROVEN])
    assert (best.method, best.chosen, best.gap, best.proven) == (Method.TABU, (0, 3), 0.0, True)


def test_a_bound_above_by_rounding_leaves_no_negative_gap() -> None:
    above = Answer(
        method=Method.INTEGER_PROGRAM, objective=-1.9, chosen=(1, 3), evaluated=1, bound=-1.9
    )
    assert best_answer([FOUND, above]).gap == 0.0


def test_json_holds_no_infinity() -> None:
    values = json.loads(json.dumps(FOUND.to_json(), allow_nan=False))
    assert values == {
        "method": "tabu",
        "objective": -2.0,
        "chosen": [0, 3],
        "proven": False,
        "bound": None,
        "gap": None,
        "evaluated": 100,
        "elapsed_s": 0.5,
    }
    nothing = Answer(
        method=Method.INTEGER_PROGRAM, objective=math.inf, chosen=(), evaluated=0, bound=-3.0
    )
    assert (nothing.to_json()["objective"], nothing.to_json()["bound"]) == (None, -3.0)
