"""Own the vault: secrets kept in the database, each sealed under a data key of its own."""
