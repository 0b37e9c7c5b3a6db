"""Own how a portfolio run is told: one flat object for programs, two columns for people."""

from typing import TYPE_CHECKING, Any

from cluster.commands.output import duration_text, remark

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.table import Table

    from heliostat import Run, RunEvent

_FROM_RESULT = (
    "objective",
    "chosen",
    "expectation",
    "approximation_ratio",
    "probability_of_optimum",
    "random_baseline",
    "backend",
    "shots",
    "depth",
    "cost",
    "seed",
)


def summary(run: "Run") -> dict[str, Any]:
    """Return the answer of a run as one flat object; what the run lacks is null."""
    result, asked = run.result or {}, run.specification
    flat: dict[str, Any] = {
        "run_id": run.run_id,
        "status": run.status.value,
        "source": result.get("source", asked.get("source")),
    }
    flat |= {name: result.get(name, asked.get(name)) for name in _FROM_RESULT}
    flat |= {name: value for name, value in result.items() if name not in flat}
    flat.setdefault("classical_optimum", None)
    flat["elapsed_s"] = run.elapsed_s if run.elapsed_s is not None else result.get("elapsed_s")
    if run.error is not None:
        flat["error"] = run.error
    return flat


def result_table(run: "Run") -> "Table":
    """Return the quantum choice beside the classical optimum and the random baseline."""
    from rich.table import Table

    answer = summary(run)
    optimum = answer["classical_optimum"] or {}
    baseline = answer["random_baseline"] or {}
    how = "proven" if optimum.get("proven") else "not proven"
    table = Table("", "chosen by QAOA", f"classical optimum ({how})", "best random draw", box=None)
    table.add_row(
        "contracts", *(_names(held.get("chosen")) for held in (answer, optimum, baseline))
    )
    table.add_row(
        "objective",
        _number(answer["objective"]),
        _number(optimum.get("objective")),
        _number(baseline.get("objective")),
    )
    table.add_row("time", _seconds(answer["elapsed_s"]), _seconds(optimum.get("elapsed_s")), "")
    return table


def facts_line(run: "Run") -> str:
    """Return what makes the numbers comparable: how good, and measured how."""
    answer = summary(run)
    return (
        f"expectation {_number(answer['expectation'])} · "
        f"approximation ratio {_number(answer['approximation_ratio'])} · "
        f"probability of the optimum {_number(answer['probability_of_optimum'])}\n"
        f"{answer['shots']} shots on {answer['backend']} · {answer['depth']} layers, "
        f"circuit depth {answer.get('circuit_depth', '-')} · "
        f"cost {_number(answer['cost'])} · seed {answer['seed']} · source {answer['source']}"
    )


class RunProgress:
    """Show the events of a run as they come: a bar on a terminal, else a line a stage."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._task: TaskID | None = None
        self._said: set[str] = set()

    def show(self, event: "RunEvent") -> None:
        """Take one event."""
        detail = event.detail
        stage = str(detail.get("stage") or event.status.value)
        if self._progress.disable:
            self._say(stage)
            return
        if self._task is None:
            self._task = self._progress.add_task(stage, total=None, count="", ahead="")
        done, total, eta_s = detail.get("done"), detail.get("total"), detail.get("eta_s")
        self._progress.update(
            self._task,
            description=stage,
            completed=done or 0,
            total=total,
            count="" if total is None else f"{done or 0}/{total}",
            ahead="" if eta_s is None else f"{duration_text(float(eta_s))} left",
        )

    def _say(self, stage: str) -> None:
        if stage not in self._said:
            self._said.add(stage)
            remark(f"{stage} ...")


def how_to_watch(run_id: str) -> str:
    """Return the line that tells someone who leaves that the run goes on."""
    return (
        f"Run {run_id} goes on. Watch it with `heliostat runs watch {run_id}`, "
        f"stop it with `heliostat runs cancel {run_id}`."
    )


def _names(chosen: list[str] | None) -> str:
    return "\n".join(chosen or ["-"])


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, int | float) else str(value if value else "-")


def _seconds(value: float | None) -> str:
    return "-" if value is None else duration_text(value)
