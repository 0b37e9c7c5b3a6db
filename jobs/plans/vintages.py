"""Own how the prices that a run was posed from are named, so that equal data have equal answers."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]


def vintage_of(source: str, recorded_until: datetime, prices: Iterable[tuple[str, Reals]]) -> str:
    """Return `source@moment#digest`, the digest of each product's code and prices in order."""
    digest = sha256()
    for product, values in prices:
        digest.update(product.encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return f"{source}@{recorded_until.isoformat()}#{digest.hexdigest()[:16]}"
