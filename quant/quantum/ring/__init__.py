"""Own the Trotter ring: states laid out so that every gate turns whole runs."""
