"""Own the reading of a specification from a file or from stdin."""

import json
import sys
from pathlib import Path
from typing import Any

from core.errors import InvalidInput

STDIN = Path("-")
MAX_CHARACTERS = 5_000_000


def read_specification(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file, or from stdin where the path is `-`.

    Raises:
        InvalidInput: it is no JSON object, or longer than the API takes.
        OSError: the file cannot be read.
    """
    text = sys.stdin.read(MAX_CHARACTERS + 1) if path == STDIN else path.read_text()
    if len(text) > MAX_CHARACTERS:
        reason = f"expected at most {MAX_CHARACTERS:,} characters"
        raise InvalidInput(field=str(path), reason=reason)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidInput(field=str(path), reason=f"it is no JSON: {error}") from None
    if not isinstance(value, dict):
        reason = f"expected a JSON object, was a {type(value).__name__}"
        raise InvalidInput(field=str(path), reason=reason)
    return value
