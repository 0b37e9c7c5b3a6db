"""Own the quantum mathematics: weight-k subspace engine, circuits, training, sampling plans."""
