"""Own the passage of plain numbers between numpy and arrow.

`pa.array` and `to_numpy` would do the same after importing pandas, which takes two seconds.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Number = TypeVar("Number", bound=np.generic)


def arrow_array(values: npt.NDArray[Any], kind: type[Number]) -> pa.Array:
    """Copy numbers into an arrow array of the number type `kind`, all of them valid."""
    plain = np.ascontiguousarray(values, dtype=kind)
    arrow_kind = pa.from_numpy_dtype(np.dtype(kind))
    return pa.Array.from_buffers(arrow_kind, len(plain), [None, pa.py_buffer(plain)])


def numpy_array(values: pa.Array, kind: type[Number]) -> npt.NDArray[Number]:
    """Cast an arrow array without nulls to the number type `kind` and view it."""
    plain = values.cast(pa.from_numpy_dtype(np.dtype(kind)))
    buffer = plain.buffers()[1]
    if buffer is None:
        return np.zeros(0, dtype=kind)
    return np.frombuffer(buffer, dtype=kind)[plain.offset : plain.offset + len(plain)]


def string_array(texts: Sequence[str]) -> pa.Array:
    """Copy texts into an arrow array of strings."""
    encoded = [text.encode() for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    offsets[1:] = np.cumsum([len(text) for text in encoded])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)
