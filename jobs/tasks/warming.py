"""Own how a worker is made warm: it imports what tasks need before one of them waits for that."""

import time
from collections.abc import Sequence
from typing import Any

from jobs.workers import body_named

_HOLD_S = 0.2


def import_bodies(paths: Sequence[str], _index: int) -> dict[str, Any]:
    """Import every body; stay for a moment, so that the next piece goes to another worker."""
    for path in paths:
        body_named(path)
    time.sleep(_HOLD_S)
    return {}
