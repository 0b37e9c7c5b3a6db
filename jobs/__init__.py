"""Own stateless work for Ray tasks: run kinds and their fan-out."""
