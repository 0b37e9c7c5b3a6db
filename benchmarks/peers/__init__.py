"""Own the small programs that stand for a peer in a benchmark."""
