"""Own the sides of the HTTP benchmark: what answers beside ours, and the load on all of them."""
