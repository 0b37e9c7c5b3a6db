"""Own the circuits that simulators are measured with."""
