"""Own the parts of the benchmark of the fan-out."""
