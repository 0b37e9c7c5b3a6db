"""Own how commands share options: as the fields of a dataclass, which a command takes whole."""

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import wraps
from typing import Any


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command every field of the dataclasses among its parameters as an option of its own.

    Fields are written as the options of a command are. The command is called with the dataclasses.
    """
    signature = inspect.signature(command)
    options: list[inspect.Parameter] = []
    groups: dict[str, tuple[Callable[..., Any], list[str]]] = {}
    for name, parameter in signature.parameters.items():
        kind = parameter.annotation
        if isinstance(kind, type) and is_dataclass(kind):
            fields = inspect.signature(kind).parameters
            groups[name] = kind, list(fields)
            options += fields.values()
        else:
            options.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    @wraps(command)
    def called(**given: Any) -> None:
        for name, (group, fields) in groups.items():
            given[name] = group(**{field: given.pop(field) for field in fields})
        command(**given)

    called.__signature__ = signature.replace(parameters=options)  # type: ignore[attr-defined]
    return called
