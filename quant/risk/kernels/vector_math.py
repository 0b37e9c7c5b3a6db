"""Own exp, log and the normal tail as formulas without a branch, so that loops run in SIMD.

They rely on roundings that are meant, so only kernels that keep such may contain them.
"""

import numpy as np

from quant.quantum.compiled import rounding_kernel

LEAST_EXPONENT = -700.0
"""e to less than this is taken to be e to this, some 1e-304."""

_TO_WHOLE = 6755399441055744.0  # 1.5 x 2^52: adding it rounds to a whole number
_PER_LN2 = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01  # its last 32 bits are zero, so n times it is exact
_LN2_LOW = 1.90821492927058770002e-10
_BITS = np.int64(52)
_BIAS = np.int64(1023 << 52)
_ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)
_COUNT = np.int64(0x4330000000000000)  # the bits of 2^52
_OFFSET = np.int64(1024)
_COUNT_BASE = 4503599627370496.0 + 1024.0


@rounding_kernel
def exp_negative(x: float) -> float:
    """Return e^x of −700 ≤ x ≤ 0: 2^n times the Taylor series of |r| ≤ ln 2 / 2 to degree 13."""
    shifted = x * _PER_LN2 + _TO_WHOLE
    n = shifted - _TO_WHOLE
    r = x - n * _LN2_HIGH - n * _LN2_LOW
    p = 1.6059043836821613e-10
    p = p * r + 2.08767569878681e-09
    p = p * r + 2.505210838544172e-08
    p = p * r + 2.755731922398589e-07
    p = p * r + 2.7557319223985893e-06
    p = p * r + 2.48015873015873e-05
    p = p * r + 0.0001984126984126984
    p = p * r + 0.001388888888888889
    p = p * r + 0.008333333333333333
    p = p * r + 0.041666666666666664
    p = p * r + 0.16666666666666666
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    power = (np.float64(shifted).view(np.int64) << _BITS) + _BIAS
    return p * float(np.int64(power).view(np.float64))


@rounding_kernel
def log_positive(x: float) -> float:
    """Return ln x of a positive normal number: ln 2^k + 2 artanh((m − 1)/(m + 1)).

    m is in [√½, √2), and the series goes to the 21st power, of 0.1716 at most.
    """
    bits = np.float64(x).view(np.int64)
    k = (bits - _ROOT_HALF) >> _BITS
    m = float(np.int64(bits - (k << _BITS)).view(np.float64))
    # AVX2 has no conversion of 64-bit integers: put k among the bits of 2^52 instead
    whole = float(np.int64((k + _OFFSET) | _COUNT).view(np.float64)) - _COUNT_BASE
    s = (m - 1.0) / (m + 1.0)
    w = s * s
    p = 1.0 / 21.0
    p = p * w + 1.0 / 19.0
    p = p * w + 1.0 / 17.0
    p = p * w + 1.0 / 15.0
    p = p * w + 1.0 / 13.0
    p = p * w + 1.0 / 11.0
    p = p * w + 1.0 / 9.0
    p = p * w + 1.0 / 7.0
    p = p * w + 1.0 / 5.0
    p = p * w + 1.0 / 3.0
    return whole * _LN2_HIGH + (2.0 * s + (2.0 * s * w * p + whole * _LN2_LOW))


@rounding_kernel
def upper_tail_ratio(x: float) -> float:
    """Return N(−x) e^(x²/2) of x ≥ 0 (Hart 1968, algorithm 5666; West 2005).

    N(−x) of it is correct to 1e-15, not more: the ratio's own error grows from 1e-14 at 3 to a few
    per cent beyond 7, where N(−x) is below 1e-12, and then stays there.
    """
    a = 3.52624965998911e-02
    a = a * x + 0.700383064443688
    a = a * x + 6.37396220353165
    a = a * x + 33.912866078383
    a = a * x + 112.079291497871
    a = a * x + 221.213596169931
    a = a * x + 220.206867912376
    b = 8.83883476483184e-02
    b = b * x + 1.75566716318264
    b = b * x + 16.064177579207
    b = b * x + 86.7807322029461
    b = b * x + 296.564248779674
    b = b * x + 637.333633378831
    b = b * x + 793.826512519948
    b = b * x + 440.413735824752
    return a / b
