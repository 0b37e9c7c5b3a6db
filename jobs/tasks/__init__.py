"""Own the bodies of Ray tasks: picklable values in, JSON-ready mappings out; no Ray in here."""
