"""Time `heliostat import settlements` on a real history, and import it a second time."""

from benchmarks.data import SETTLEMENTS
from benchmarks.report import Report, Row, median
from benchmarks.stacks import bench_stack

PORT = 9600
TARGET_ROWS_PER_S = 50_000


def measure(*, quick: bool) -> Report:
    """Import the file under three names (one with `quick`), then again under the first."""
    if not SETTLEMENTS.exists():
        why = f"{SETTLEMENTS.name} is not beside this checkout"
        return Report(name="settlement_import", rows=[], skipped=[{"metric": "rate", "why": why}])
    rates: list[float] = []
    with bench_stack(PORT) as stack:
        stack.must("up", "--no-job")
        for name in ("a",) if quick else ("a", "b", "c"):
            done = stack.json("import", "settlements", str(SETTLEMENTS), "--name", name)
            rates.append(done["stored"] / done["elapsed_s"])
            missing = done["rows"] - done["stored"]
        again = stack.json("import", "settlements", str(SETTLEMENTS), "--name", "a")
    return Report(
        name="settlement_import",
        rows=[
            Row(
                metric="import into an empty source",
                unit="rows/s",
                ours=median(rates),
                target=TARGET_ROWS_PER_S,
                higher_is_better=True,
            ),
            Row(metric="rows not stored", unit="rows", ours=missing, target=0),
            Row(metric="rows stored the second time", unit="rows", ours=again["stored"], target=0),
        ],
        samples={"rows per second": rates},
    )
