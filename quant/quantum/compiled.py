"""Own how functions are compiled: ahead of their first call from a cache, without Python's lock."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile a function of arrays and numbers; it may reorder sums, and checks nothing.

    Threads may call it at once: it holds no lock, and starts no threads of its own.
    """
    compiled: Callable[_Arguments, _Result] = njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"}
    )(function)
    return compiled


def ordered_kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile as `kernel` does, but sum in the order written, so that equal means bit for bit."""
    compiled: Callable[_Arguments, _Result] = njit(cache=True, nogil=True, error_model="numpy")(
        function
    )
    return compiled


def rounding_kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile as `kernel` does, but keep roundings that are meant, as of a sum and a difference."""
    compiled: Callable[_Arguments, _Result] = njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"contract"}
    )(function)
    return compiled
