"""Own the compilation of kernels ahead of their first use: `python -m quant.compilation`."""

import numpy as np

from core.mixers import Mixer
from quant.forecast.compilation import compile_forecast_kernels
from quant.portfolio import company
from quant.quantum.subspace import Ansatz
from quant.risk.kernels.compilation import compile_risk_kernels
from quant.schwartz_smith.filtering import compile_filter
from quant.subset_problem import SubsetProblem

_ALPHA = 0.5


def compile_kernels() -> None:
    """Answer a small problem by every method and mixer, in double precision."""
    generator = np.random.default_rng(0)
    factors = generator.normal(size=(8, 8))
    problem = SubsetProblem(mu=generator.normal(size=8), sigma=factors @ factors.T, q=0.5, k=3)
    company(problem)
    compile_filter()
    compile_forecast_kernels()
    angles = np.full(2, 0.1)
    for mixer in Mixer:
        ansatz = Ansatz(problem.basis, problem.costs(), mixer)
        ansatz.expectations(angles[None], angles[None])
        ansatz.value_and_gradient(angles, angles, _ALPHA)
    compile_risk_kernels()


if __name__ == "__main__":
    compile_kernels()
