"""Own the filling of a database with finished runs, for what is measured over many of them."""
