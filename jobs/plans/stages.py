"""Own what the kinds ask of finished chunks: what is still to do, and the results of a stage."""

from collections.abc import Sequence
from typing import Any

from jobs.pieces import Done, Piece


def missing(pieces: Sequence[Piece], done: Done) -> list[Piece]:
    """Return the pieces that have not been carried out."""
    return [piece for piece in pieces if (piece.stage, piece.index) not in done]


def results_of(done: Done, stage: str) -> list[dict[str, Any]]:
    """Return the results of a stage, by the index of their chunks."""
    return [done[key] for key in sorted(done) if key[0] == stage]
