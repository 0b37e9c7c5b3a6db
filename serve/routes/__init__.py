"""Own one file of routes per noun, its wire shapes at the top."""
