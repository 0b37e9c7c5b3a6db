"""Own IBM Quantum: its client around the vendor's own package, and its sandbox."""
