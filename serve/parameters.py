"""Own the refusal of query parameters that a route does not take."""

from collections.abc import Iterable, Sequence

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes

from core.errors import InvalidInput

_TOLD_CHARACTERS = 80


async def refuse_unknown(request: Request) -> None:
    """Refuse a query parameter that the route does not take: misspelt, it would change nothing.

    Raises:
        InvalidInput: there is one; names it.
    """
    given = request.query_params.keys()
    if not given:
        return
    fields = get_flat_params(request.scope["route"].dependant)
    # The fields of a model of parameters do not say where they stand: ours stand in the query.
    known = [
        one.alias
        for one in fields
        if getattr(one.field_info, "in_", ParamTypes.query) == ParamTypes.query
    ]
    require_known(given, known)


def require_known(given: Iterable[str], known: Sequence[str]) -> None:
    """Refuse names of parameters that are not known.

    Raises:
        InvalidInput: there is one; names it.
    """
    for name in given:
        if name not in known:
            told = ", ".join(known) if known else "none"
            reason = f"no such parameter; known are {told}"
            raise InvalidInput(field=name[:_TOLD_CHARACTERS], reason=reason)
