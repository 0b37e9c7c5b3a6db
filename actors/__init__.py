"""Own the state that has exactly one owner; each class here is plain Python, see remote.py."""
