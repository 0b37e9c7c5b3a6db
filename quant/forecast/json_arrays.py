"""Own how large arrays go through JSON: as text that holds their bits."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]

_LITTLE_ENDIAN = np.dtype("<f8")


def packed(values: Reals) -> dict[str, Any]:
    """Return an array as its shape and, in base64, its numbers: 8 little-endian bytes each."""
    content = np.ascontiguousarray(values, dtype=_LITTLE_ENDIAN).tobytes()
    return {"shape": list(values.shape), "float64": b64encode(content).decode("ascii")}


def unpacked(values: Mapping[str, Any]) -> Reals:
    """Return the array that `packed` was called on."""
    content = np.frombuffer(b64decode(values["float64"]), dtype=_LITTLE_ENDIAN)
    return content.astype(np.float64).reshape(values["shape"])
