"""Own which past day each day of a scenario path repeats."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int32]

BLOCK = 1_024
LONGEST = 60


@lru_cache(maxsize=16)
def drawn_days(seed: int, paths: int, days: int, half_life: float) -> Indices:
    """Draw which of `days` past days, 0 the oldest, each of 60 steps repeats, (paths, 60).

    The newest is drawn most often, and a day `half_life` days older half as often. Each block of
    1,024 paths has a generator of its own, so that path n is the same however many are drawn; all
    60 steps are drawn, so that a short path begins as a long one does.
    """
    blocks = []
    for block in range(-(-paths // BLOCK)):
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, block])))
        blocks.append(generator.random((BLOCK, LONGEST)))
    uniforms = np.concatenate(blocks)[:paths]
    decay = 0.5 ** (1.0 / half_life)
    ages = np.log1p(-uniforms * (1.0 - decay**days)) / np.log(decay)
    drawn: Indices = (days - 1 - np.minimum(ages.astype(np.int32), days - 1)).astype(np.int32)
    drawn.setflags(write=False)
    return drawn
