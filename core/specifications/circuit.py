"""Own what circuit and observable runs are asked: a program, a grid of parameters, and a count."""

from collections.abc import Sequence
from enum import StrEnum
from math import prod
from typing import Annotated, Self

from pydantic import Field, model_validator

from core.asked import Asked, BackendName, Seed, Shots, require

MAX_PROGRAM_CHARACTERS = 4_000_000
MAX_GRID_POINTS = 2_000_000
_Value = Annotated[float, Field(allow_inf_nan=False)]


class Language(StrEnum):
    """Name the forms a circuit may come in; QPY travels as base64."""

    QASM3 = "qasm3"
    QPY = "qpy"


class Grid(StrEnum):
    """Say how lists of values make points: side by side, or every combination."""

    ZIP = "zip"
    PRODUCT = "product"


Row = tuple[float, ...]
"""Hold one value for each parameter."""


def grid_rows(columns: Sequence[Sequence[float]], grid: Grid, first: int, last: int) -> list[Row]:
    """Return the points `first` to `last` − 1 of a grid of one column of values a parameter.

    With `product` the last column varies fastest. No columns make one point.
    """
    if not columns:
        return [Row()][first:last]
    if grid is Grid.ZIP:
        return list(zip(*(column[first:last] for column in columns), strict=True))
    last = min(last, prod(len(column) for column in columns))
    return [_combination(columns, point) for point in range(first, last)]


def _combination(columns: Sequence[Sequence[float]], point: int) -> Row:
    values = []
    for column in reversed(columns):
        point, place = divmod(point, len(column))
        values.append(column[place])
    return tuple(reversed(values))


class Program(Asked):
    """Hold one circuit as text, and the values its parameters take.

    With `zip` all lists have one length and point i takes value i of each; with `product` the
    circuit's last parameter varies fastest. A circuit without parameters is one point.
    """

    language: Language = Language.QASM3
    program: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_PROGRAM_CHARACTERS,
            description="OpenQASM 3 text, or QPY (version 13 or later) in base64.",
            examples=['OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];'],
        ),
    ]
    parameters: Annotated[dict[str, tuple[_Value, ...]], Field(max_length=1000)] = {}  # noqa: RUF012 - pydantic copies it, and the model is frozen
    grid: Grid = Grid.ZIP
    seed: Seed = 7
    backend: BackendName = "auto"

    @model_validator(mode="after")
    def _is_a_bounded_grid(self) -> Self:
        lengths = {len(values) for values in self.parameters.values()}
        require(0 not in lengths, "parameters", "give every parameter at least one value")
        if self.grid is Grid.ZIP:
            require(len(lengths) <= 1, "parameters", "expected lists of one length with grid zip")
        points = self.points
        was = f"{points:,}" if points < 10**12 else "far more"  # as long as a page otherwise
        reason = f"expected at most {MAX_GRID_POINTS:,} points, was {was}"
        require(points <= MAX_GRID_POINTS, "parameters", reason)
        return self

    @property
    def points(self) -> int:
        """Count the points of the grid."""
        sizes = [len(values) for values in self.parameters.values()]
        if not sizes:
            return 1
        if self.grid is Grid.ZIP:
            return sizes[0]
        return prod(sizes)

    def rows(self, first: int, last: int) -> list[Row]:
        """Return the points `first` to `last` − 1, values in the order of `parameters`."""
        return grid_rows(list(self.parameters.values()), self.grid, first, last)


class CircuitSpecification(Program):
    """Ask for the counts of a circuit at every point; without measurements all are measured."""

    shots: Shots = 1024


class ObservableSpecification(Program):
    """Ask for the expectations of observables at every point of a circuit.

    Each observable maps Pauli words, qubit 0 rightmost, to real coefficients. `precision` is the
    standard error aimed at; 0 is exact and needs a simulator without noise.
    """

    observables: Annotated[
        tuple[dict[str, _Value], ...],
        Field(min_length=1, max_length=1000, examples=[[{"ZZ": 1.0}]]),
    ]
    precision: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _observes_paulis(self) -> Self:
        for observable in self.observables:
            require(bool(observable), "observables", "expected at least one Pauli word")
            for word in observable:
                known = bool(word) and not set(word) - set("IXYZ")
                reason = f"expected letters of I, X, Y and Z, was {word[:80]!r}"
                require(known, "observables", reason)
            widths = {len(word) for word in observable}
            require(len(widths) == 1, "observables", "expected Pauli words of one length")
        return self
