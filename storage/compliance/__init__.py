"""Own what the database itself shows of how data is kept: walls, secrets, people, leftovers."""
