"""Own the list of venues: one line each."""

from core.errors import NotFound
from integrations.cme import client as cme
from integrations.ice import client as ice
from integrations.venue import VenueSpec

VENUES: dict[str, VenueSpec] = {spec.code: spec for spec in (cme.SPEC, ice.SPEC)}


def venue(code: str) -> VenueSpec:
    """Return the venue of this code.

    Raises:
        NotFound: it is not registered.
    """
    try:
        return VENUES[code]
    except KeyError:
        raise NotFound(what="Venue", name=code) from None
