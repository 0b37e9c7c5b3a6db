"""Own the look at the first bytes of a QPY file, before anything reads the rest; imports no Qiskit.

Files of a version below 13 write expressions as text that reading them may execute.
"""

import struct
from dataclasses import dataclass

from jobs.parsing.refusal import refused

OLDEST_VERSION = 13
_MAGIC = b"QISKIT"
_HEADER = struct.Struct("!6sBBBBQc")


@dataclass(frozen=True, slots=True, kw_only=True)
class QpyHeader:
    """Hold what the first bytes of a QPY file say."""

    version: int
    programs: int


def read_header(content: bytes) -> QpyHeader:
    """Read the header of a QPY file of one circuit.

    Raises:
        InvalidInput: it is no QPY file, older than version 13, or not of one program.
    """
    if content[: len(_MAGIC)] != _MAGIC or len(content) <= len(_MAGIC):
        raise refused(reason="expected QPY, which begins with QISKIT and a version")
    version = content[len(_MAGIC)]
    if version < OLDEST_VERSION:
        raise refused(reason=f"QPY version {version} is not read; {OLDEST_VERSION} or later is")
    if len(content) < _HEADER.size:
        raise refused(reason="the QPY header is cut off")
    programs = int(_HEADER.unpack_from(content)[5])
    if programs != 1:
        raise refused(reason=f"expected QPY of one circuit, was of {programs:,}")
    return QpyHeader(version=version, programs=programs)
