"""Own CME market data over WebSocket: codec, client and a sandbox that speaks the same wire."""
