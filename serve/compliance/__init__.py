"""Own the compliance report: controls that software can evidence, each with its live check."""
