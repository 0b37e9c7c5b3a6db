"""Own how a date is written wherever one is asked for: YYYY-MM-DD, and nothing else."""

import re
from datetime import date
from typing import Annotated, Any, LiteralString

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TOLD_CHARACTERS = 40


def _day(value: Any) -> date:
    # pydantic would read a number as seconds since 1970, so that 1577836800 is a day, too
    if isinstance(value, date):
        return value
    text = str(value)
    try:
        if _ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    kind: LiteralString = "no_day"
    told = {"text": text[:_TOLD_CHARACTERS]}
    raise PydanticCustomError(kind, "expected a date YYYY-MM-DD, was '{text}'", told)


Day = Annotated[date, BeforeValidator(_day)]
