"""Own a local server that speaks the venue's wire: OAuth, reference data, market data."""
