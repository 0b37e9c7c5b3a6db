"""Own the random numbers of simulated paths: a generator for each path, by its index.

The state of path i is words 4i+1 … 4i+4 of SplitMix64 from the seed's key, so a path is the same
whoever draws it, and any path can be drawn again alone. It then steps xoshiro256++ (Blackman and
Vigna 2021). Normals come in pairs (Box and Muller 1958), which needs no branch.
"""

from math import cos, log, pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.quantum.compiled import rounding_kernel
from quant.risk.kernels.vector_math import log_positive

Reals = NDArray[np.float64]
Words = NDArray[np.uint64]
Indices = NDArray[np.int64]

LANES = 128
"""Paths are drawn side by side, so many at a time."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_ONE_TO_TWO = np.uint64(0x3FF0000000000000)
_SIGN = np.uint64(1)
_W12, _W17, _W19, _W23 = np.uint64(12), np.uint64(17), np.uint64(19), np.uint64(23)
_W27, _W30, _W31, _W41, _W45 = (np.uint64(shift) for shift in (27, 30, 31, 41, 45))


@rounding_kernel
def _mixed(word: Any) -> Any:
    word = (word ^ (word >> _W30)) * _MIX_1
    word = (word ^ (word >> _W27)) * _MIX_2
    return word ^ (word >> _W31)


@rounding_kernel
def begin_paths(key: Any, paths: Indices, states: Words) -> None:
    """Write the state in which each path of a tile begins (4, lanes)."""
    for lane in range(LANES):
        word = key + np.uint64(4 * paths[lane]) * _GOLDEN
        for n in range(4):
            word += _GOLDEN
            states[n, lane] = _mixed(word)


@rounding_kernel
def _one_to_two(word: Any) -> float:
    """Return a number in [1, 2) of the upper 52 bits."""
    return float(np.uint64((word >> _W12) | _ONE_TO_TWO).view(np.float64))


@rounding_kernel
def _sine_of_half_turns(t: float) -> float:
    """Return sin πt of |t| ≤ ½, by Taylor's series to degree 21."""
    x = pi * t
    w = x * x
    p = 1.9572941063391263e-20
    p = p * w - 8.22063524662433e-18
    p = p * w + 2.8114572543455206e-15
    p = p * w - 7.647163731819816e-13
    p = p * w + 1.6059043836821613e-10
    p = p * w - 2.505210838544172e-08
    p = p * w + 2.7557319223985893e-06
    p = p * w - 0.0001984126984126984
    p = p * w + 0.008333333333333333
    p = p * w - 0.16666666666666666
    return x + x * w * p


@rounding_kernel
def _cosine_of_half_turns(t: float) -> float:
    """Return cos πt of |t| ≤ ½, by Taylor's series to degree 22."""
    x = pi * t
    w = x * x
    p = -8.896791392450574e-22
    p = p * w + 4.110317623312165e-19
    p = p * w - 1.5619206968586225e-16
    p = p * w + 4.779477332387385e-14
    p = p * w - 1.1470745597729725e-11
    p = p * w + 2.08767569878681e-09
    p = p * w - 2.755731922398589e-07
    p = p * w + 2.48015873015873e-05
    p = p * w - 0.001388888888888889
    p = p * w + 0.041666666666666664
    p = p * w - 0.5
    return 1.0 + w * p


@rounding_kernel
def fill_normals(states: Words, draws: Reals) -> None:
    """Write standard normals (rows, lanes), rows even, and step the states of the lanes.

    Two words make √(−2 ln u) (cos πt, sin πt), t in [−½, ½) and a random sign for the cosine.
    """
    s0, s1, s2, s3 = states[0], states[1], states[2], states[3]
    for n in range(0, draws.shape[0], 2):
        first, second = draws[n], draws[n + 1]
        for lane in range(LANES):
            a, b, c, d = s0[lane], s1[lane], s2[lane], s3[lane]
            # two steps of the generator, written out: a call would keep the loop from SIMD
            total = a + d
            word = ((total << _W23) | (total >> _W41)) + a
            shifted = b << _W17
            c ^= a
            d ^= b
            b ^= c
            a ^= d
            c ^= shifted
            d = (d << _W45) | (d >> _W19)
            total = a + d
            other = ((total << _W23) | (total >> _W41)) + a
            shifted = b << _W17
            c ^= a
            d ^= b
            b ^= c
            a ^= d
            c ^= shifted
            d = (d << _W45) | (d >> _W19)
            s0[lane], s1[lane], s2[lane], s3[lane] = a, b, c, d
            radius = sqrt(-2.0 * log_positive(2.0 - _one_to_two(word)))
            t = _one_to_two(other) - 1.5
            signed = radius if other & _SIGN else -radius
            first[lane] = signed * _cosine_of_half_turns(t)
            second[lane] = radius * _sine_of_half_turns(t)


@rounding_kernel
def _uniform(states: Words, lane: int) -> float:
    """Return a number in (0, 1], and step the state of a lane."""
    a, b, c, d = states[0, lane], states[1, lane], states[2, lane], states[3, lane]
    total = a + d
    word = ((total << _W23) | (total >> _W41)) + a
    shifted = b << _W17
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    states[0, lane], states[1, lane], states[2, lane] = a, b, c
    states[3, lane] = (d << _W45) | (d >> _W19)
    return 2.0 - _one_to_two(word)


@rounding_kernel
def _chi_squared(states: Words, lane: int, freedom: float) -> float:
    """Return a χ² number of more than 2 degrees of freedom (Marsaglia and Tsang 2000)."""
    d = 0.5 * freedom - 1.0 / 3.0
    c = 1.0 / sqrt(9.0 * d)
    while True:
        radius = sqrt(-2.0 * log(_uniform(states, lane)))
        x = radius * cos(2.0 * pi * _uniform(states, lane))
        v = (1.0 + c * x) ** 3
        limit = log(_uniform(states, lane))
        if v > 0.0 and limit < 0.5 * x * x + d - d * v + d * log(v):
            return 2.0 * d * v


@rounding_kernel
def fill_tile(key: Any, paths: Indices, freedom: float, states: Words, draws: Reals) -> None:
    """Write the numbers of a tile's paths (lanes,) into `draws` (rows, lanes), rows even.

    Standard normals, or if `freedom` is above 0, the multivariate Student's t of variance 1.
    """
    begin_paths(key, paths, states)
    fill_normals(states, draws)
    if freedom > 0.0:
        for lane in range(LANES):
            scale = sqrt((freedom - 2.0) / _chi_squared(states, lane, freedom))
            for n in range(draws.shape[0]):
                draws[n, lane] *= scale


@rounding_kernel
def fill_starts(
    key: Any, paths: Indices, count: int, states: Words, starts: NDArray[np.int32]
) -> None:
    """Write whole numbers in 0…count−1 (rows, lanes), equally likely."""
    begin_paths(key, paths, states)
    for n in range(starts.shape[0]):
        for lane in range(LANES):
            starts[n, lane] = min(int((1.0 - _uniform(states, lane)) * count), count - 1)
