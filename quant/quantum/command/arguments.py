"""Own the words of the command line: lists of numbers, and what is said of wrong words."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput

NUMBER_LISTS = ("--gammas", "--betas")


def spread(words: Sequence[str]) -> list[str]:
    """Return the words with the name repeated before each number of a list.

    So `--gammas 0.5 0.8` means `--gammas 0.5 --gammas 0.8`, which is what typer reads.
    """
    told: list[str] = []
    name: str | None = None
    for before, word in zip(["", *words], words, strict=False):
        if word.partition("=")[0] in NUMBER_LISTS:
            name = word.partition("=")[0]
        elif before not in NUMBER_LISTS:
            name = name if _is_numbers(word) else None
            told += [name] if name else []
        told.append(word)
    return told


def _is_numbers(word: str) -> bool:
    try:
        _numbers(word)
    except ValueError:
        return False
    return True


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",") if part.strip()]


def angles(field: str, texts: Iterable[str]) -> NDArray[np.float64]:
    """Return the numbers of all texts, each one number or several with commas between.

    Raises:
        InvalidInput: a text holds something else.
    """
    found: list[float] = []
    for text in texts:
        try:
            found += _numbers(text)
        except ValueError:
            reason = f"expected numbers, was {text!r}"
            raise InvalidInput(field=field, reason=reason) from None
    return np.array(found, dtype=np.float64)
