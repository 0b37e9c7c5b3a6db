"""Own the walk forward: models that forecast each day from the days before it, and their scores."""
