"""Own the checks of controls on access: walls between organisations, people, keys, operations."""

from datetime import timedelta

from serve.compliance.finding import Finding, Inspection, fails, holds
from storage.compliance import evidence

UNUSED_FOR = timedelta(days=90)
_DROP = "Run `heliostat up`, which applies the migrations; find out who changed the table."


async def walls(inspection: Inspection) -> Finding:
    """Look whether the database keeps the rows of organisations apart in every table."""
    async with inspection.services.pools.system() as conn:
        tables = await evidence.tables_of_tenants(conn)
        above = await evidence.roles_above_walls(conn)
    bare = [name for name, has_walls in tables.items() if not has_walls]
    if bare:
        return fails(f"Row-level security is off in {', '.join(bare)}.", _DROP)
    if above:
        named = ", ".join(above)
        return fails(f"{named} may pass the walls.", "Take SUPERUSER and BYPASSRLS from the role.")
    return holds(
        f"Row-level security is forced in all {len(tables)} tables that hold organisations."
    )


async def operations(inspection: Inspection) -> Finding:
    """Look whether every operation of the API says whom it lets in."""
    if inspection.undeclared:
        return fails(
            f"{', '.join(inspection.undeclared)} says nothing of whom it lets in.",
            "Declare its permissions beside the route.",
        )
    return holds(f"All {inspection.operations} operations declare their permissions.")


async def second_factors(inspection: Inspection) -> Finding:
    """Look whether every owner and admin has a second factor."""
    async with inspection.services.pools.system() as conn:
        without = await evidence.powerful_without_second_factor(conn, inspection.org_id)
    if without:
        named = ", ".join(f"user:{one}" for one in without)
        return fails(
            f"{len(without)} owners or admins have no second factor: {named}.",
            "They add an authenticator app or a passkey at /account.",
        )
    return holds("Every owner and admin has an authenticator app or a passkey.")


async def disabled_people(inspection: Inspection) -> Finding:
    """Look whether disabled people can still do something."""
    async with inspection.services.pools.system() as conn:
        left = await evidence.access_of_the_disabled(conn, inspection.now)
    if left:
        return fails(
            f"{left} sessions or logins of disabled people have not ended.",
            "Disable them anew by the API, which ends all that came of them.",
        )
    return holds("Nothing is open of people who were disabled.")


async def keys(inspection: Inspection) -> Finding:
    """Look whether keys are good that nobody uses."""
    since = inspection.now - UNUSED_FOR
    async with inspection.services.pools.system() as conn:
        lying = await evidence.keys_left_lying(conn, inspection.org_id, inspection.now, since)
    if lying:
        named = ", ".join(f"key:{one}" for one in lying)
        return fails(
            f"{len(lying)} keys were not used for {UNUSED_FOR.days} days: {named}.",
            "Revoke them with `heliostat keys revoke`, or say why they stay.",
        )
    return holds(f"Every key that is good was made or used in the last {UNUSED_FOR.days} days.")
