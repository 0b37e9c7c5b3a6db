"""Own the front door: who a request speaks for, and how people and machines prove it."""
