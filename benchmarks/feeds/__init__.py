"""Own what the feed benchmarks share: made-up streams, the servers and the processes they need."""
