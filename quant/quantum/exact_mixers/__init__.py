"""Own the mixers that are applied without Trotter error."""
