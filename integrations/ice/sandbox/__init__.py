"""Own a local FIX acceptor that answers as the market-data gateway does."""
