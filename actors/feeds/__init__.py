"""Own the feeds: connected, captured, decoded, stored, published."""
