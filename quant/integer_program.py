"""Own the problem as a mixed-integer linear program, solved by HiGHS."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from quant.answers import Answer, Method
from quant.subset_problem import SubsetProblem, require

Reals = NDArray[np.float64]
Indices = NDArray[np.intp]

_OPTIMAL = 0


def integer_program(problem: SubsetProblem, *, seconds: float = 60.0) -> Answer:
    """Replace each product xᵢxⱼ by a variable, and let HiGHS prove the optimum.

    HiGHS takes no integer quadratic objective, so the products are bounded as in McCormick,
    Mathematical Programming 10 (1976), 147–175, on the side their price pulls to; and as Σx = k,
    those of i add up to (k−1)xᵢ. Proven is what HiGHS calls optimal: to within 1e-6 of the
    largest sum the problem may hold. `evaluated` counts its nodes. How far it comes in `seconds`
    depends on the machine.

    Raises:
        InvalidInput: the seconds are not positive.
    """
    require(seconds > 0, "seconds", f"expected a positive number, was {seconds}")
    unit = problem.reach or 1.0
    first, second = np.triu_indices(problem.n, 1)
    prices = problem.pair[first, second] / unit
    solved = milp(
        np.concatenate((problem.linear / unit, prices)),
        integrality=np.concatenate((np.ones(problem.n), np.zeros(len(prices)))),
        bounds=Bounds(0.0, 1.0),
        constraints=_constraints(problem.n, problem.k, first, second, prices),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    proven = solved.status == _OPTIMAL
    chosen, value = (), np.inf
    if solved.x is not None:
        chosen = tuple(
            np.sort(np.argsort(-solved.x[: problem.n], kind="stable")[: problem.k]).tolist()
        )
        value = problem.objective(chosen)
    bound = -np.inf if solved.mip_dual_bound is None else float(solved.mip_dual_bound) * unit
    return Answer(
        method=Method.INTEGER_PROGRAM,
        objective=value,
        chosen=chosen,
        evaluated=int(solved.mip_node_count or 0),
        proven=proven,
        bound=min(value, bound),
    )


def _greatest(x: Reals, k: int) -> tuple[int, ...]:
    """Return the k indices nearest to 1, rising: HiGHS's integers are so to within 1e-6."""
    order = np.argsort(-x, kind="stable")
    return tuple(sorted(order[:k].tolist()))


def _constraints(
    n: int, k: int, first: Indices, second: Indices, prices: Reals
) -> list[LinearConstraint]:
    """Return the rows over x (n,) and then the products (n(n−1)/2,)."""
    items, products = np.arange(n), n + np.arange(len(prices))
    cheap, dear = np.flatnonzero(prices < 0), np.flatnonzero(prices > 0)
    width = n + len(prices)
    cardinality = _rows(1, width, (np.zeros(n, dtype=np.intp), items, 1.0))
    sums = _rows(n, width, (first, products, 1.0), (second, products, 1.0), (items, items, 1.0 - k))
    rows = np.arange(len(cheap))
    below = [
        _rows(len(cheap), width, (rows, products[cheap], 1.0), (rows, member[cheap], -1.0))
        for member in (first, second)
    ]
    rows = np.arange(len(dear))
    above = _rows(
        len(dear),
        width,
        (rows, first[dear], 1.0),
        (rows, second[dear], 1.0),
        (rows, products[dear], -1.0),
    )
    return [
        LinearConstraint(cardinality, k, k),
        LinearConstraint(sums, 0.0, 0.0),
        *(LinearConstraint(matrix, -np.inf, 0.0) for matrix in below if len(cheap)),
        *(LinearConstraint(matrix, -np.inf, 1.0) for matrix in (above,) if len(dear)),
    ]


def _rows(height: int, width: int, *terms: tuple[Indices, Indices, float]) -> csr_array:
    rows = np.concatenate([row for row, _, _ in terms])
    columns = np.concatenate([column for _, column, _ in terms])
    values = np.concatenate([np.full(len(row), value) for row, _, value in terms])
    return csr_array((values, (rows, columns)), shape=(height, width))
