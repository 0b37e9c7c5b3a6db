"""Own what an amplitude-estimation run is asked: a holding's tail risk, or an option's value."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from core.asked import Asked, BackendName, ProductCode, Seed, Shots, require
from core.dates import Day
from core.market import validate_source

_Positive = Annotated[float, Field(gt=0.0, le=1e9, allow_inf_nan=False)]


class Measure(StrEnum):
    """Name what is estimated."""

    VALUE_AT_RISK = "var"
    EXPECTED_SHORTFALL = "cvar"
    OPTION = "option"


class Estimator(StrEnum):
    """Name the estimators of an amplitude."""

    ITERATIVE = "iterative"
    MAXIMUM_LIKELIHOOD = "maximum_likelihood"
    CANONICAL = "canonical"


class Holding(Asked):
    """Hold signed contracts of one position of a product, and the settlements to judge it by.

    `source` None is the live source, `as_of` None the latest settled date.
    """

    product: ProductCode
    position: Annotated[int, Field(ge=1, le=60)] = 1
    contracts: Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)] = 1.0
    source: str | None = None
    as_of: Day | None = None
    window_days: Annotated[int, Field(ge=20, le=2520)] = 500

    @model_validator(mode="after")
    def _is_held(self) -> Self:
        require(self.contracts != 0.0, "contracts", "expected another number than 0")
        if self.source is not None:
            validate_source(self.source)
        return self


class Option(Asked):
    """Hold a European option on a lognormal price: volatility a year, rate a year, years left."""

    kind: Annotated[str, Field(pattern="^(call|put)$")] = "call"
    spot: _Positive
    strike: _Positive
    volatility: _Positive
    rate: Annotated[float, Field(ge=-1.0, le=1.0, allow_inf_nan=False)] = 0.0
    years: _Positive


class AmplitudeSpecification(Asked):
    """Ask for VaR or CVaR of a holding's daily change, or an option's value, by estimation.

    The distribution is loaded onto `qubits` qubits. `level` is the confidence of VaR and CVaR,
    `accuracy` the half-width aimed at, `alpha` one less the confidence of the interval.
    """

    measure: Measure
    holding: Holding | None = None
    option: Option | None = None
    level: Annotated[float, Field(gt=0.5, lt=1.0, allow_inf_nan=False)] = 0.95
    qubits: Annotated[int, Field(ge=2, le=10)] = 5
    estimator: Estimator = Estimator.ITERATIVE
    accuracy: Annotated[float, Field(gt=0.0, lt=0.5, allow_inf_nan=False)] = 0.01
    alpha: Annotated[float, Field(ge=1e-9, lt=1.0, allow_inf_nan=False)] = 0.05
    repetitions: Annotated[
        int, Field(ge=1, le=1000, description="Independent estimates, to see their spread.")
    ] = 1
    shots: Shots = 1024
    seed: Seed = 7
    backend: BackendName = "auto"

    @model_validator(mode="after")
    def _has_one_subject(self) -> Self:
        wants_option = self.measure is Measure.OPTION
        given = self.option is not None, self.holding is not None
        wanted = "option" if wants_option else "holding"
        require(
            given == (wants_option, not wants_option),
            wanted,
            f"expected {wanted!r} and nothing else with measure {self.measure.value!r}",
        )
        return self
