"""Own the fixed blocks of shots: their sizes, their seeds, how chunks group and merge them.

Random numbers belong to a block, so a result never depends on how blocks were grouped.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from zlib import crc32

import numpy as np

from core.errors import InvalidInput
from core.runs import SHOTS_PER_BLOCK

MIN_BLOCKS_PER_GROUP = 4
MAX_GROUPS = 16


def block_sizes(shots: int) -> tuple[int, ...]:
    """Return the shots of each block: all 1,024 except the last, which may be shorter.

    Raises:
        InvalidInput: fewer than one shot was asked for.
    """
    if shots < 1:
        raise InvalidInput(field="shots", reason=f"expected at least 1, was {shots}")
    full, rest = divmod(shots, SHOTS_PER_BLOCK)
    return (SHOTS_PER_BLOCK,) * full + ((rest,) if rest else ())


def _sequence(stream: str, seed: int, *place: int) -> np.random.SeedSequence:
    # crc32 and not hash(): the latter differs from process to process
    return np.random.SeedSequence(entropy=seed, spawn_key=(crc32(stream.encode()), *place))


def block_generator(stream: str, seed: int, block: int) -> np.random.Generator:
    """Return the generator of one block; `stream` keeps different uses of one seed apart."""
    return np.random.default_rng(_sequence(stream, seed, block))


def point_generator(stream: str, seed: int, point: int, block: int) -> np.random.Generator:
    """Return the generator of one block of one point of a grid."""
    return np.random.default_rng(_sequence(stream, seed, block, point))


def block_seed(stream: str, seed: int, block: int) -> int:
    """Return the seed of one block for a simulator of its own, in 0…2³¹−1."""
    return int(_sequence(stream, seed, block).generate_state(1)[0] >> 1)


def batch_seed(stream: str, seed: int, block: int) -> int:
    """Return the seed from which a simulator counts on for the points of a batch, in 0…2⁶²−1."""
    return int(_sequence(stream, seed, block).generate_state(1, np.uint64)[0] >> 2)


def group_blocks(count: int) -> tuple[tuple[int, ...], ...]:
    """Split blocks 0…count−1 into consecutive groups.

    Each group simulates the circuit once, so groups are few: at least 4 blocks in each but the
    last, and at most 16 groups.
    """
    width = max(MIN_BLOCKS_PER_GROUP, -(-count // MAX_GROUPS))
    return tuple(tuple(range(first, min(first + width, count))) for first in range(0, count, width))


def merge_counts(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up counts of outcomes, sorted by outcome so that the order of parts leaves no trace."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items()))
