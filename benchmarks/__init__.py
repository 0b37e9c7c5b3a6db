"""Own one file per claim: ours and the peer interleaved in one run."""
