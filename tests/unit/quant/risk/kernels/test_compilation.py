"""Hold that what is compiled ahead is all that books of any kind need."""

import numpy as np
import pytest

from quant.risk.aggregation import Revaluation, aggregate
from quant.risk.bootstrap import block_bootstrap
from quant.risk.exposures import exposures
from quant.risk.historical import historical_risk
from quant.risk.kernels import evaluation, simulation
from quant.risk.kernels.compilation import compile_risk_kernels
from quant.risk.monte_carlo import Simulation, elliptical, simulate, simulated_risk
from tests.risk_books import factor_days, future, market, mixed

OUTER = (
    evaluation.evaluate_scenarios,
    evaluation.average_kinds,
    simulation.simulate_elliptical,
    simulation.draw_elliptical,
    simulation.draw_starts,
    simulation.sum_blocks,
)


@pytest.mark.parametrize("revaluation", list(Revaluation))
def test_no_kernel_is_compiled_twice(revaluation: Revaluation) -> None:
    compile_risk_kernels()
    for held in (mixed(), [future("CL-202403", 1)], []):
        exposed = exposures(held, market())
        changes, covariance = factor_days(exposed, 200)
        reduced = aggregate([exposed], revaluation)
        historical_risk(reduced, changes, 0.95, threads=2)
        for scenarios in (
            elliptical(reduced, covariance, degrees_of_freedom=5.0),
            block_bootstrap(reduced, np.asfortranarray(changes)),
        ):
            simulated = Simulation(scenarios=scenarios, paths=200, seed=1)
            simulated_risk(simulated, simulate(simulated, range(1), threads=2), 0.95)
    assert [len(kernel.signatures) for kernel in OUTER] == [1] * len(OUTER)  # type: ignore[attr-defined]
