"""Own the models of products: each followed by an actor of its own."""
