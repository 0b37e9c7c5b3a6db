"""Own quantum hardware: every request carried out in exactly one job of the vendor."""
