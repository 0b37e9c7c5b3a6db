"""Own how functions are compiled: once, into a cache beside them, and without Python's lock.

The cache belongs to one state of the sources: a function contains those that it calls, and is
stale when one of them changes, which the compiler's own cache does not see across files.
"""

import inspect
import os
import re
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from numba import config, njit

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

_ROOT = Path(__file__).parents[2]
_PROCESS = uuid4().hex[:12]
_IMPORT = re.compile(r"^from (quant[\w.]*) import", re.MULTILINE)


@cache
def _digest(source: Path) -> str:
    """Return a digest of a source and of all that it imports from this package, and so on."""
    found, waiting = set[Path](), [source]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += map(_source_of, _IMPORT.findall(path.read_text()))
    digest = sha256()
    for path in sorted(found):
        content = path.read_bytes()
        digest.update(b"%d %s\n" % (len(content), path.name.encode()))
        digest.update(content)
    return digest.hexdigest()[:16]


def _source_of(module: str) -> Path:
    path = _ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _base() -> Path:
    """Return the folder of all caches: the one that was asked for, else the first that can be."""
    if config.CACHE_DIR:
        return Path(config.CACHE_DIR)
    beside = Path(__file__).with_name("__pycache__")
    folder = beside if beside.exists() else beside.parent
    return beside if os.access(folder, os.W_OK) else Path.home() / ".cache" / "heliostat"


def _compiled(function: Callable[..., Any], fastmath: Any) -> Any:
    base, asked = _base(), config.CACHE_DIR
    config.CACHE_DIR = str(base / f"kernels-{_digest(Path(inspect.getfile(function)))}")
    try:
        compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)(function)
    finally:
        config.CACHE_DIR = asked
    # processes that compile one function for two types at once would give both one number, and
    # the index of one of them would then lead to what the other has compiled
    file = compiled._cache._cache_file
    file._data_name_pattern = f"{_PROCESS}-{file._data_name_pattern}"
    return compiled


def kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile a function of arrays and numbers; it may reorder sums, and checks nothing.

    Threads may call it at once: it holds no lock, and starts no threads of its own.
    """
    compiled: Callable[_Arguments, _Result] = _compiled(function, {"contract", "reassoc", "nsz"})
    return compiled


def rounding_kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile as `kernel` does, but keep roundings that are meant, as of a sum and a difference."""
    compiled: Callable[_Arguments, _Result] = _compiled(function, {"contract"})
    return compiled


def ordered_kernel(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Compile as `kernel` does, but sum in the order written, so that equal means bit for bit."""
    compiled: Callable[_Arguments, _Result] = _compiled(function, False)
    return compiled
