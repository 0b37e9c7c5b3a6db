"""Own the HTTP edge: routes by noun, keys, problem documents; no business arithmetic, no SQL."""
