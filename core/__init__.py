"""Own the vocabulary every room shares; do no I/O and hold no clock."""
