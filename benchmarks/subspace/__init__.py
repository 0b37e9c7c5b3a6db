"""Own the parts of the benchmark of the subspace engine."""
