"""Own ICE futures through a FIX 4.4 market-data gateway: wire format, client, sandbox."""
