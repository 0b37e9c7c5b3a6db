"""Own what the commands of studies share: lists of values, and following a run to its end."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from cluster.commands.output import progress, remark, show_json
from cluster.commands.portfolio import RunProgress, how_to_watch

if TYPE_CHECKING:
    from heliostat import Run, RunEvent

T = TypeVar("T")


def listed(text: str | None, parse: Callable[[str], T], option: str) -> list[T] | None:
    """Read values separated by commas; None stays None.

    Raises:
        typer.BadParameter: one of them is no such value.
    """
    if text is None:
        return None
    try:
        return [parse(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError as error:
        message = f"expected values separated by commas, was {text!r}"
        raise typer.BadParameter(message, param_hint=option) from error


def followed(
    submit: "Callable[[Callable[[Run], None], Callable[[RunEvent], None]], Run]", as_json: bool
) -> "Run":
    """Have a run carried out with a bar on stderr; Ctrl-C leaves it going and says how to watch."""
    from heliostat import RunNotSucceeded

    submitted: list[Run] = []
    try:
        with progress() as display:
            return submit(submitted.append, RunProgress(display).show)
    except KeyboardInterrupt:
        if submitted:
            remark(how_to_watch(submitted[0].run_id))
        raise
    except RunNotSucceeded as error:
        if as_json:
            show_json(error.run.model_dump(mode="json"))
        raise
