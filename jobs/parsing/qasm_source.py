"""Own the look at OpenQASM text before it is parsed: its version, its files, its registers."""

import re
from collections.abc import Iterator

from core.errors import InvalidInput
from jobs.parsing.refusal import refused

INCLUDABLE = "stdgates.inc"
MAX_BITS = 10_000
"""Refuse registers of more qubits or bits than this, before they are made."""

_VERSION = re.compile(r"3(\.\d+)?")
_SIZED = frozenset({"qubit", "bit", "qreg", "creg"})
_MAX_DIGITS = 4_000
_TOKEN = re.compile(
    r"""
    (?P<skipped>\s+|//[^\r\n]*|/\*.*?(?:\*/|\Z)|(?:\#?\bpragma\b|@)[^\r\n]*)
    |(?P<text>"[^"\r\n\t]*"|'[^'\r\n\t]*')
    |(?P<word>[^\W\d]\w*|\d+(?:\.\d+)?|.)
    """,
    re.VERBOSE | re.DOTALL,
)


def check_source(source: str) -> None:
    """Refuse text that declares another language, includes a file, or asks for large registers.

    Only stdgates.inc may be included.

    Raises:
        InvalidInput: it does, or it is empty; names line and column.
    """
    before = ("", "", "")
    for word, place in _tokens(source):
        reason = _problem(before, word)
        if reason is not None:
            raise _refused_at(source, place, reason)
        before = (*before[1:], word)
    if not before[-1]:
        raise refused(reason="the program holds no statement")


def _problem(before: tuple[str, str, str], word: str) -> str | None:
    third, second, last = before
    if last == "OPENQASM" and not _VERSION.fullmatch(word):
        return f"expected OpenQASM 3, was {word[:20]!r}"
    if last == "include" and word not in (f'"{INCLUDABLE}"', f"'{INCLUDABLE}'"):
        return f"only {INCLUDABLE!r} may be included, was {word[:80]}"
    is_size = last == "[" and (second in _SIZED or third in _SIZED) and word.isdecimal()
    if is_size and _bits(word) > MAX_BITS:
        return f"expected at most {MAX_BITS:,} bits in a register"
    return None


def _bits(digits: str) -> int:
    return int(digits) if len(digits) < _MAX_DIGITS else MAX_BITS + 1


def _tokens(source: str) -> Iterator[tuple[str, int]]:
    return (
        (found.group(), found.start())
        for found in _TOKEN.finditer(source)
        if found.lastgroup != "skipped"
    )


def _refused_at(source: str, place: int, reason: str) -> InvalidInput:
    line = source.count("\n", 0, place) + 1
    column = place - source.rfind("\n", 0, place)
    return refused(reason=f"line {line}, column {column}: {reason}")
