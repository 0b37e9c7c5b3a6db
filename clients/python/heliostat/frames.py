"""Own the way from a run's rows, as Parquet, to a pandas data frame."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from heliostat.effects import Flow
from heliostat.errors import NotInstalled, UnexpectedAnswer
from heliostat.run_flows import Envelope, RunFlows, Specification
from heliostat.runs import Run, RunStatus

if TYPE_CHECKING:
    import pandas as pd

_PACKAGES = ("pandas", "pyarrow")


def require_packages() -> None:
    """Check, before a run is paid for, that its rows can become a data frame.

    Raises:
        NotInstalled: pandas or pyarrow is not there.
    """
    missing = tuple(name for name in _PACKAGES if find_spec(name) is None)
    if missing:
        raise NotInstalled(missing, extra="frames")


def frame_of(parquet: bytes, run: "Run") -> "pd.DataFrame":
    """Return the rows of a run; `attrs` names the run and what it was carried out on.

    Raises:
        NotInstalled: pandas or pyarrow is not there.
        UnexpectedAnswer: these bytes are no Parquet file.
    """
    require_packages()
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(parquet))
    except pa.ArrowInvalid as error:
        message = f"The rows of run {run.run_id} are no Parquet file: {error}"
        raise UnexpectedAnswer(message) from error
    frame: pd.DataFrame = table.to_pandas()
    frame.attrs |= {
        "run_id": run.run_id,
        "kind": run.kind,
        "backend": run.backend,
        "seed": run.seed,
    }
    return frame


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFlows(RunFlows):
    """Make the flows that end in a data frame."""

    def frame(self, run_id: str) -> Flow["pd.DataFrame"]:
        require_packages()
        run = yield from self.run(run_id)
        return frame_of((yield from self.result_bytes(run_id, "parquet")), run)

    def run_to_frame(
        self, kind: str, specification: Specification, envelope: Envelope
    ) -> Flow["pd.DataFrame"]:
        """Submit a run, emit every event until its last, and return its rows."""
        require_packages()
        run = yield from self.submit(kind, specification, envelope)
        if run.status is not RunStatus.SUCCEEDED:
            run = yield from self.follow(run.run_id)
        return frame_of((yield from self.result_bytes(run.run_id, "parquet")), run)
