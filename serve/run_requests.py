"""Own what a request for a run may say: one body, told apart by `kind`.

What is asked is the specification of its kind itself, from core/specifications.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, Tag

from core.asked import Asked
from core.runs import RunKind
from core.specifications.amplitude import AmplitudeSpecification
from core.specifications.backtest import BacktestSpecification
from core.specifications.circuit import CircuitSpecification, ObservableSpecification
from core.specifications.hedge import HedgeSpecification
from core.specifications.landscape import LandscapeSpecification
from core.specifications.portfolio import PortfolioSpecification
from core.specifications.risk import RiskSpecification
from core.specifications.sweep import SweepSpecification

S_co = TypeVar("S_co", bound=Asked, covariant=True)

TAG_PREFIX = "kind="
"""Begin the tags by which pydantic names the member of the union, which no caller needs to see."""

UNKNOWN_KIND = "unknown_kind"
"""Name the failure of a `kind` that there is not."""

MAX_PRIORITY = 9
MAX_LABELS = 8
Label = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]


class RunRequest(BaseModel, Generic[S_co]):
    """Submit a run. An identical finished run answers at once unless `fresh`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: RunKind
    specification: S_co
    fresh: bool = Field(default=False, description="Carry it out even if an answer is stored.")
    priority: int = Field(
        default=0, ge=0, le=MAX_PRIORITY, description="Higher goes first among your own runs."
    )
    deadline: AwareDatetime | None = Field(
        default=None, description="The run fails if it has not ended by then; with a time zone."
    )
    labels: tuple[Label, ...] = Field(
        default=(), max_length=MAX_LABELS, description="To find the run again.", examples=[["desk"]]
    )


class PortfolioRun(RunRequest[PortfolioSpecification]):
    """Ask for a portfolio."""

    kind: Literal[RunKind.PORTFOLIO] = RunKind.PORTFOLIO


class HedgeRun(RunRequest[HedgeSpecification]):
    """Ask for a hedge."""

    kind: Literal[RunKind.HEDGE]


class SweepRun(RunRequest[SweepSpecification]):
    """Ask for a sweep."""

    kind: Literal[RunKind.SWEEP]


class CircuitRun(RunRequest[CircuitSpecification]):
    """Ask for the counts of a circuit."""

    kind: Literal[RunKind.CIRCUIT]


class ObservableRun(RunRequest[ObservableSpecification]):
    """Ask for the expectations of observables."""

    kind: Literal[RunKind.OBSERVABLE]


class AmplitudeRun(RunRequest[AmplitudeSpecification]):
    """Ask for an amplitude estimation."""

    kind: Literal[RunKind.AMPLITUDE]


class LandscapeRun(RunRequest[LandscapeSpecification]):
    """Ask for a landscape."""

    kind: Literal[RunKind.LANDSCAPE]


class BacktestRun(RunRequest[BacktestSpecification]):
    """Ask for a backtest."""

    kind: Literal[RunKind.BACKTEST]


class RiskRun(RunRequest[RiskSpecification]):
    """Ask for the risk of a book from many paths."""

    kind: Literal[RunKind.RISK]


def _tag(value: Any) -> str:
    default = RunKind.PORTFOLIO.value
    kind = value.get("kind", default) if isinstance(value, dict) else default
    return f"{TAG_PREFIX}{kind}"


RunBody = Annotated[
    Annotated[PortfolioRun, Tag("kind=portfolio")]
    | Annotated[HedgeRun, Tag("kind=hedge")]
    | Annotated[SweepRun, Tag("kind=sweep")]
    | Annotated[CircuitRun, Tag("kind=circuit")]
    | Annotated[ObservableRun, Tag("kind=observable")]
    | Annotated[AmplitudeRun, Tag("kind=amplitude")]
    | Annotated[LandscapeRun, Tag("kind=landscape")]
    | Annotated[BacktestRun, Tag("kind=backtest")]
    | Annotated[RiskRun, Tag("kind=risk")],
    Discriminator(
        _tag,
        custom_error_type=UNKNOWN_KIND,
        custom_error_message=f"expected one of {', '.join(RunKind)}",
    ),
]
