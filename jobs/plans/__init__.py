"""Own what runs of each kind are made of: sizes, points, and pieces of work."""
