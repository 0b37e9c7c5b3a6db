"""Own backends: what a run costs on each, and which is taken."""
