"""Own the names of the mixers of constrained QAOA."""

from enum import StrEnum


class Mixer(StrEnum):
    """Name the mixers: `ring` is one Trotter step of the XY ring, the others are exact."""

    RING = "ring"
    RING_EXACT = "ring-exact"
    COMPLETE = "complete"
    GROVER = "grover"
