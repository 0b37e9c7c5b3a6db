"""Own the type of states, and the check that stands before kernels, which check nothing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidInput
from quant.quantum.basis import Basis

State = NDArray[np.complexfloating[Any, Any]]


def checked(psi: State, basis: Basis, dtype: np.dtype[Any]) -> State:
    """Return the amplitudes as they are.

    Raises:
        InvalidInput: they are not a contiguous array (size,) of this dtype.
    """
    if psi.shape != (basis.size,) or psi.dtype != dtype or not psi.flags.c_contiguous:
        reason = f"expected contiguous {dtype} ({basis.size},), was {psi.dtype} {psi.shape}"
        raise InvalidInput(field="psi", reason=reason)
    return psi
