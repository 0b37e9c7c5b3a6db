"""Own which module carries out which kind of run; each is imported when it is first asked for."""

from importlib import import_module
from typing import cast

from core.runs import RunKind
from jobs.kinds.kind import Kind


def kind_of(kind: RunKind) -> Kind:
    """Return what carries out runs of a kind."""
    return cast("Kind", import_module(f"jobs.kinds.{kind.value}").KIND)
