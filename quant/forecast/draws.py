"""Own the random numbers of scenario paths: which past day each day of a path repeats."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Ages = NDArray[np.uint32]
Booleans = NDArray[np.bool_]

BLOCK = 1_024
LONGEST = 60


@lru_cache(maxsize=4)
def uniforms(seed: int, paths: int) -> Reals:
    """Draw uniform numbers (paths, 61): one a step of the longest path, and one for the path.

    Each block of 1,024 paths has a generator of its own, so that path n is the same however many
    are drawn; all 60 steps are drawn, so that a short path begins as a long one does.
    """
    blocks = []
    for block in range(-(-paths // BLOCK)):
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, block])))
        blocks.append(generator.random((BLOCK, LONGEST + 1)))
    drawn: Reals = np.concatenate(blocks)[:paths]
    drawn.setflags(write=False)
    return drawn


@lru_cache(maxsize=64)
def repeat_history(seed: int, paths: int, share: float) -> Booleans:
    """Draw which paths (paths,) are the share that repeats history; of a larger share they are."""
    drawn: Booleans = uniforms(seed, paths)[:, -1] < share
    drawn.setflags(write=False)
    return drawn


@lru_cache(maxsize=16)
def drawn_ages(seed: int, paths: int, days: int, half_life: float, share: float = 0.0) -> Ages:
    """Draw how old the day is, of `days` past ones, that each of 60 steps repeats, (60, paths).

    The newest, 0, is drawn most often, and a day `half_life` days older half as often. The `share`
    of the paths that `repeat_history` is left out.
    """
    decay = 0.5 ** (1.0 / half_life)
    walked = ~repeat_history(seed, paths, share)
    steps = np.ascontiguousarray(uniforms(seed, paths)[walked, :LONGEST].T)
    ages = (np.log1p(-steps * (1.0 - decay**days)) / np.log(decay)).astype(np.uint32)
    drawn: Ages = np.minimum(ages, np.uint32(days - 1))
    drawn.setflags(write=False)
    return drawn
