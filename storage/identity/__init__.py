"""Own what is stored of people, keys, clients, sessions and grants."""
