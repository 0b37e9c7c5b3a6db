"""Own the life of runs: taken from the queue, carried out, recorded, ended."""
