"""Own how a route says whom it lets in: its permissions, or that it is open."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from core.clock import utc_from_ns
from core.errors import Forbidden, PersonNeeded, StepUpRequired, Unauthenticated
from core.identity import Permission, Principal

STEP_UP_S = 600
"""Be how long after proving who one is a dangerous act may follow."""
STRONG_METHODS = frozenset({"totp", "recovery", "passkey"})
"""Be the methods that are, or follow, a second factor."""
_STATE = "principal"


def admit(scope: Any, principal: Principal) -> None:
    """Note in an ASGI scope whom its request speaks for."""
    scope.setdefault("state", {})[_STATE] = principal


def admitted(scope: Any) -> Principal | None:
    """Return whom the request of an ASGI scope speaks for, if anybody was let in."""
    found = scope.get("state", {}).get(_STATE)
    return found if isinstance(found, Principal) else None


def principal_of(request: Request) -> Principal:
    """Return whom a request speaks for.

    Raises:
        Unauthenticated: nobody was let in.
    """
    principal = getattr(request.state, _STATE, None)
    if not isinstance(principal, Principal):
        raise Unauthenticated
    return principal


PrincipalOf = Annotated[Principal, Depends(principal_of)]


class _Needs:
    """Refuse who lacks one of some permissions."""

    def __init__(self, permissions: tuple[Permission, ...]) -> None:
        self.permissions = permissions

    async def __call__(self, request: Request) -> None:
        principal = principal_of(request)
        for permission in self.permissions:
            require(principal, permission)


class _Open:
    """Let everybody in."""

    async def __call__(self) -> None:
        return


class _SteppedUp:
    """Refuse who did not prove lately, and strongly, who they are."""

    async def __call__(self, request: Request) -> None:
        services = request.app.state.services
        require_step_up(principal_of(request), services.clock.now_ns())


def needs(*permissions: Permission) -> Any:
    """Return a dependency that lets in who has every one of some permissions.

    Every route declares this, or `open_to_all`.
    """
    return Depends(_Needs(permissions))


def open_to_all() -> Any:
    """Return a dependency that declares a route open."""
    return Depends(_Open())


def stepped_up() -> Any:
    """Return a dependency for dangerous acts; stands beside `needs`."""
    return Depends(_SteppedUp())


def require(principal: Principal, permission: Permission) -> None:
    """Refuse a principal that lacks a permission.

    Raises:
        Forbidden: it does; names the permission.
    """
    if not principal.may(permission):
        raise Forbidden(permission=permission.value)


def require_step_up(principal: Principal, now_ns: int) -> None:
    """Refuse a principal that did not lately prove with a second factor who it is.

    Raises:
        PersonNeeded: it is a key or a client, which cannot.
        StepUpRequired: it was too long ago, or with one factor only.
    """
    if principal.user_id is None or principal.authenticated_at is None:
        raise PersonNeeded
    age = utc_from_ns(now_ns) - principal.authenticated_at
    if age > timedelta(seconds=STEP_UP_S) or STRONG_METHODS.isdisjoint(principal.methods):
        raise StepUpRequired(within_s=STEP_UP_S)


def require_person(principal: Principal) -> Principal:
    """Refuse keys and clients where only a person who signed in makes sense.

    Raises:
        PersonNeeded: it is one.
    """
    if principal.user_id is None or principal.session_id is None:
        raise PersonNeeded
    return principal


@dataclass(frozen=True, slots=True)
class Declaration:
    """Hold whom a route lets in: who has every permission, everybody where there is none."""

    permissions: tuple[Permission, ...]
    is_dangerous: bool


def declarations(
    routers: Iterable[APIRouter], prefix: str = ""
) -> Mapping[tuple[str, str], Declaration]:
    """Return what each route declares, by method in lower case and path.

    Raises:
        TypeError: a route does not declare once whom it lets in.
    """
    return {
        (method.lower(), prefix + route.path): Declaration(
            _declaration(route), _is_dangerous(route)
        )
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def _declaration(route: APIRoute) -> tuple[Permission, ...]:
    """Return what a route needs; nothing where it is open."""
    found = [one.call for one in _dependants(route.dependant)]
    declared = [call.permissions for call in found if isinstance(call, _Needs)]
    declared += [() for call in found if isinstance(call, _Open)]
    if len(declared) == 1:
        return declared[0]
    message = f"{route.path} declares {len(declared)} times whom it lets in; once is needed"
    raise TypeError(message)


def _is_dangerous(route: APIRoute) -> bool:
    return any(isinstance(one.call, _SteppedUp) for one in _dependants(route.dependant))


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _dependants(one)
