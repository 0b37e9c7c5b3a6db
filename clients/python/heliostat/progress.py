"""Own the bar that shows how far a run is: on a terminal and in a notebook, silent elsewhere."""

from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from heliostat.errors import NotInstalled
from heliostat.runs import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.progress import Progress, TaskID

    from heliostat.runs import RunEvent

HAS_RICH = find_spec("rich") is not None


class RunBar:
    """Show the events of one run as a bar with the stage, the count and the time left.

    Call it with each event while its `with` block lasts:
    `with RunBar() as bar: client.optimize(..., on_event=bar)`. In a pipe or a log it is silent.

    Raises:
        NotInstalled: the package rich is not there.
    """

    def __init__(self, console: "Console | None" = None) -> None:
        if not HAS_RICH:
            raise NotInstalled(("rich",), extra="progress")
        from rich.console import Console

        self._console = console or Console(stderr=True)
        self._is_live = self._console.is_terminal and not self._console.is_jupyter
        self._progress = _progress(self._console)
        self._task: TaskID | None = None
        self._handle: Any = None

    def __enter__(self) -> Self:
        if self._is_live:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_live:
            self._progress.stop()

    def __call__(self, event: "RunEvent") -> None:
        """Show one event."""
        detail = event.detail
        stage = event.status.value if event.status.is_final else detail.get("stage")
        done, total, eta_s = detail.get("done"), detail.get("total"), detail.get("eta_s")
        if self._task is None:
            self._task = self._progress.add_task("", total=None, count="", ahead="")
        self._progress.update(self._task, description=str(stage or event.status.value), ahead="")
        if total is not None:
            self._progress.update(
                self._task, completed=done or 0, total=total, count=f"{done or 0}/{total}"
            )
        if eta_s is not None:
            self._progress.update(self._task, ahead=f"{_duration(float(eta_s))} left")
        if event.status is RunStatus.SUCCEEDED:
            self._fill()
        if self._console.is_jupyter:
            self._show_in_notebook()

    def _fill(self) -> None:
        """End the bar where it is full; the last pieces of a run are told by its end alone."""
        for task in self._progress.tasks:
            total = task.total or 1
            count = task.fields["count"] and f"{total:.0f}/{total:.0f}"
            self._progress.update(task.id, total=total, completed=total, count=count)

    def _show_in_notebook(self) -> None:
        """Replace what the cell shows, which needs no widgets."""
        if self._handle is None:
            from IPython.display import display

            self._handle = display(self._progress, display_id=True)
        else:
            self._handle.update(self._progress)


def bar(wanted: bool | None) -> "AbstractContextManager[Callable[[RunEvent], None] | None]":
    """Return what shows events while its block lasts; None shows them where that is possible.

    Raises:
        NotInstalled: a bar is wanted, and the package rich is not there.
    """
    if wanted or (wanted is None and HAS_RICH):
        return RunBar()
    return nullcontext()


def _progress(console: "Console") -> "Progress":
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[ahead]}"),
        console=console,
        transient=True,
    )


def _duration(seconds: float) -> str:
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest_s = divmod(round(seconds), 60)
    hours, rest_min = divmod(minutes, 60)
    return f"{hours} h {rest_min:02d} min" if hours else f"{minutes} min {rest_s:02d} s"
