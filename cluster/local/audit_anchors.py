"""Own which file anchors the audit trail of one stack: the one that is given, else its own."""

from pathlib import Path

from cluster.local.paths import StackPaths
from cluster.settings import Settings


def anchors_file(settings: Settings, paths: StackPaths) -> Path:
    """Return where the heads of the audit trail are noted."""
    return settings.audit_anchors or paths.audit_anchors
