"""Own the plain pages of the front door: what they look like, and how their forms are read."""
