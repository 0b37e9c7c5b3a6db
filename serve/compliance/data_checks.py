"""Own the checks of controls on data: seals, hashes, retention, erasure, the audit trail, logs."""

from datetime import timedelta
from urllib.parse import urlsplit

from fastapi.concurrency import run_in_threadpool

from core.api_keys import new_secret
from core.clock import utc_from_ns
from core.masking import masked
from serve.compliance.finding import Finding, Inspection, fails, holds
from serve.identity.keyring import SIGNS_FOR
from serve.identity.passwords import MEMORY_KIB, ROUNDS
from storage.audit import trail, verification
from storage.audit.anchors import last_position, read_anchors
from storage.compliance import evidence
from storage.identity import retention
from storage.vault import rotation
from storage.vault.sources import KeyRing

RETENTION_GRACE = timedelta(hours=3)
"""Be how late the keeper may be, who deletes each hour."""
CLOCK_LIMIT = timedelta(seconds=2)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def seals(inspection: Inspection) -> Finding:
    """Look whether every secret is sealed, under a key that was given."""
    ring = KeyRing(inspection.services.config.vault)
    current, holders = ring.current().name, ring.holders()
    async with inspection.services.pools.system() as conn:
        plain = await evidence.plain_secrets(conn)
        counts = await rotation.counts(conn)
    if plain:
        return fails(f"{plain} secrets are stored in plain.", "Start the stack anew, to seal them.")
    lost = [one.wrapping_key for one in counts if one.wrapping_key not in holders]
    if lost:
        return fails(
            f"Data keys are wrapped by {', '.join(lost)}, which nobody gave.",
            "Give it as HELIOSTAT_KEY_ENCRYPTION_KEY_PREVIOUS.",
        )
    waiting = sum(one.keys for one in counts if one.wrapping_key != current)
    if waiting:
        return fails(f"{waiting} data keys wait for rotation.", "Run `heliostat vault rotate`.")
    sealed = sum(one.keys for one in counts)
    return holds(f"{sealed} secrets are sealed with AES-256-GCM, their keys wrapped by {current}.")


async def password_hashes(inspection: Inspection) -> Finding:
    """Look whether every password is kept as a hash of the present strength."""
    beginning = f"$argon2id$v=19$m={MEMORY_KIB},t={ROUNDS},"
    async with inspection.services.pools.system() as conn:
        weak = await evidence.weak_hashes(conn, beginning)
    if weak:
        return fails(
            f"{weak} passwords are kept as weaker hashes.",
            "They are hashed anew when their owners sign in; send the others a link.",
        )
    return holds(f"Every password is kept as argon2id of {MEMORY_KIB // 1024} MiB, t={ROUNDS}.")


async def retained(inspection: Inspection) -> Finding:
    """Look whether something is kept for longer than the schedule says."""
    async with inspection.services.pools.system() as conn:
        late = await retention.overdue(conn, inspection.now, RETENTION_GRACE)
    overdue = {name: count for name, count in late.items() if count}
    if overdue:
        named = ", ".join(f"{count} {name}" for name, count in overdue.items())
        return fails(f"Kept for too long: {named}.", "See why the keeper does not run.")
    return holds(f"All {len(late)} rules of the retention schedule are carried out.")


async def erasures(inspection: Inspection) -> Finding:
    """Look whether something is left of people who were erased."""
    async with inspection.services.pools.system() as conn:
        erased, remaining = await evidence.erasures(conn)
    if remaining:
        return fails(f"Something is left of {remaining} erased people.", "Erase them anew.")
    return holds(f"{erased} people were erased, and nothing personal is left of them.")


async def trail_is_fixed(inspection: Inspection) -> Finding:
    """Look whether our own roles could change the audit trail."""
    async with inspection.services.pools.system() as conn:
        writers = await evidence.writers_of_the_trail(conn)
    if writers:
        return fails(
            f"{', '.join(writers)} may change or remove audit entries.",
            "REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM the role.",
        )
    return holds("No role of the application may change or remove an audit entry.")


async def trail_is_whole(inspection: Inspection) -> Finding:
    """Look at every entry of the audit trail and its anchors."""
    path = inspection.services.config.audit_anchors
    anchors = await run_in_threadpool(read_anchors, path)
    verdict = await verification.verify(inspection.services.pools, anchors)
    if verdict.faults:
        return fails(str(verdict.faults[0]), "Run `heliostat audit verify`, and restore a backup.")
    return holds(f"All {verdict.entries:,} entries and {verdict.anchors:,} anchors agree.")


async def trail_is_anchored(inspection: Inspection) -> Finding:
    """Look whether the head of the trail is noted outside of the database."""
    anchored = await run_in_threadpool(last_position, inspection.services.config.audit_anchors)
    late = inspection.now - timedelta(minutes=5)
    async with inspection.services.pools.system() as conn:
        position, _ = await trail.head(conn)
        waiting = await trail.first_after(conn, anchored)
    if waiting is not None and waiting < late:
        return fails(
            f"Entries after {anchored:,} of {position:,} wait since {waiting:%Y-%m-%d %H:%M}.",
            "See why the keeper does not run, or its file cannot be written.",
        )
    return holds(f"Entry {anchored:,} of {position:,} is anchored outside of the database.")


async def logs(inspection: Inspection) -> Finding:
    """Look whether a secret that is logged here is masked."""
    secret = new_secret()
    told = repr(masked({"event": f"refused {secret}", "authorization": f"Bearer {secret}"}))
    if secret in told:
        return fails("A key came through the masking of logs.", "See core/masking.py.")
    return holds("A key that was logged as a trial came out masked.")


async def transport(inspection: Inspection) -> Finding:
    """Look whether browsers reach the stack by TLS only."""
    origin = inspection.services.config.origin
    if origin.startswith("https://"):
        return holds(f"Browsers reach the stack at {origin}.")
    if urlsplit(origin).hostname in _LOOPBACK:
        return holds(f"{origin} is reached from this machine only.")
    return fails(f"{origin} is plain HTTP.", "Put TLS before it and set HELIOSTAT_PUBLIC_ORIGIN.")


async def signing_keys(inspection: Inspection) -> Finding:
    """Look whether a key signs tokens for longer than one should."""
    async with inspection.services.pools.system() as conn:
        longest = await evidence.longest_signing(conn)
    if longest > SIGNS_FOR:
        told = f"A key signs tokens for {longest.days} days."
        return fails(told, "Remove the key; the next sign-in makes another.")
    return holds(f"No key signs tokens for more than {SIGNS_FOR.days} days.")


async def clocks(inspection: Inspection) -> Finding:
    """Look whether the clocks of the replica and the database agree."""
    async with inspection.services.pools.system() as conn:
        there = await evidence.clock(conn)
        # Not the moment of the inspection: other checks may have taken seconds since.
        here = utc_from_ns(inspection.services.clock.now_ns())
    apart = abs(there - here)
    told = f"The clocks of replica and database are {apart.total_seconds():.3f} s apart."
    return holds(told) if apart <= CLOCK_LIMIT else fails(told, "Synchronise both by NTP.")
