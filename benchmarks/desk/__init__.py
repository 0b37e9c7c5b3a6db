"""Own the parts of the benchmark of risk."""
