"""Own which measurement bases sampled observables need, and how many shots each; imports no Qiskit.

Words that agree letter by letter wherever both have one are measured together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput

MAX_WORDS = 2_000
"""Sort at most so many different words into bases."""

MAX_SHOTS = 10_000_000
_LEAST_SHOTS = 2  # one shot alone tells nothing of the spread
Observable = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """Hold the letter measured of each qubit, qubit 0 rightmost, the words told, and the shots."""

    letters: str
    words: tuple[str, ...]
    shots: int

    @property
    def support(self) -> tuple[int, ...]:
        """Return the qubits measured, rising."""
        return tuple(place for place, letter in enumerate(reversed(self.letters)) if letter != "I")

    def to_json(self) -> dict[str, Any]:
        """Return the basis as JSON-ready values."""
        return {"letters": self.letters, "words": list(self.words), "shots": self.shots}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Basis":
        """Rebuild from `to_json`."""
        return cls(letters=values["letters"], words=tuple(values["words"]), shots=values["shots"])


def bases_of(observables: Sequence[Observable], precision: float) -> tuple[Basis, ...]:
    """Return the bases that tell every observable to a standard error of `precision`.

    With w_b the sum of an observable's |coefficients| in basis b and W that of all w_b, w_b·W/ε²
    shots of each basis leave Σ w_b²·ε²/(w_b·W) = ε² of variance at most; the observable that asks
    for most counts. The identity is known and needs none.

    Raises:
        InvalidInput: there are more than 2,000 words, or a basis would need over 10,000,000 shots.
    """
    words = {word for observable in observables for word in observable if set(word) != {"I"}}
    if len(words) > MAX_WORDS:
        reason = f"expected at most {MAX_WORDS:,} different words to sample, was {len(words):,}"
        raise InvalidInput(field="observables", reason=reason)
    groups = _grouped(sorted(words, key=lambda word: (word.count("I"), word)))
    shots = _shots([set(group) for _, group in groups], observables, precision)
    return tuple(
        Basis(letters=letters, words=tuple(group), shots=count)
        for (letters, group), count in zip(groups, shots, strict=True)
    )


def _grouped(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Put each word into the first group that measures its letters, longest words first."""
    groups: list[tuple[_Letters, list[str]]] = []
    for word in words:
        letters = _Letters.of(word)
        for place, (held, members) in enumerate(groups):
            if held.agrees(letters):
                groups[place] = (held.joined(letters), members)
                members.append(word)
                break
        else:
            groups.append((letters, [word]))
    return [(letters.word, members) for letters, members in groups]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letters:
    """Hold a Pauli word as bits: X is (1, 0), Z (0, 1), Y (1, 1) at (x, z)."""

    x: int
    z: int
    width: int

    @classmethod
    def of(cls, word: str) -> "_Letters":
        return cls(
            x=int("".join("1" if letter in "XY" else "0" for letter in word), 2),
            z=int("".join("1" if letter in "ZY" else "0" for letter in word), 2),
            width=len(word),
        )

    def agrees(self, other: "_Letters") -> bool:
        both = (self.x | self.z) & (other.x | other.z)
        return not both & ((self.x ^ other.x) | (self.z ^ other.z))

    def joined(self, other: "_Letters") -> "_Letters":
        return _Letters(x=self.x | other.x, z=self.z | other.z, width=self.width)

    @property
    def word(self) -> str:
        places = range(self.width - 1, -1, -1)
        return "".join("IXZY"[(self.x >> at & 1) + 2 * (self.z >> at & 1)] for at in places)


def _shots(
    groups: Sequence[set[str]], observables: Sequence[Observable], precision: float
) -> list[int]:
    needed = [float(_LEAST_SHOTS)] * len(groups)
    for observable in observables:
        weights = [sum(abs(observable.get(word, 0.0)) for word in group) for group in groups]
        total = sum(weights)
        for place, weight in enumerate(weights):
            needed[place] = max(needed[place], weight / precision * (total / precision))
    most = max(needed, default=0.0)
    if not most <= MAX_SHOTS:
        reason = f"it would take {most:.1e} shots a point, expected at most {MAX_SHOTS:,}"
        raise InvalidInput(field="precision", reason=reason)
    return [math.ceil(count) for count in needed]
