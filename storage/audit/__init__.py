"""Own the audit trail: one chain of entries that cannot change without being seen to."""
