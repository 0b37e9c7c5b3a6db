"""Own a local stand-in for IBM Quantum Platform; jobs run on simulated devices with their noise."""
