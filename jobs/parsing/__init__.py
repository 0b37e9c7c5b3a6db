"""Own the reading of programs that strangers send: in closed processes, within fixed bounds."""
