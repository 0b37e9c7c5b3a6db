"""Own the process that carries jobs out: length-prefixed JSON on standard input and output.

It ends when its input does, so that none outlives the sandbox.
"""

import json
import os
import struct
import sys
from typing import Any, BinaryIO

from integrations.ibm.sandbox.execution import execute

LENGTH = struct.Struct(">I")
"""Say how the length of what follows is written."""


def packed(value: dict[str, Any]) -> bytes:
    """Return a message with its length before it."""
    body = json.dumps(value).encode()
    return LENGTH.pack(len(body)) + body


def _read(stream: BinaryIO) -> dict[str, Any] | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    value: dict[str, Any] = json.loads(stream.read(*LENGTH.unpack(head)))
    return value


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        done = execute(asked["program"], asked["device"], asked["params"], asked["seed"])
    except Exception as error:  # whatever a circuit does to the simulator, the job has failed
        return {"error": f"{type(error).__name__}: {error}"[:2000]}
    return {"result": done.result, "quantum_s": done.quantum_s}


def main() -> None:
    """Answer each request in turn."""
    # Libraries that print would otherwise write between the messages.
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (asked := _read(sys.stdin.buffer)) is not None:
        output.write(packed(_answer(asked)))
        output.flush()


if __name__ == "__main__":
    main()
